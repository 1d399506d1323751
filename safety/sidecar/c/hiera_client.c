/* The format is documented in protocol.py, request.py and answers.py of hiera.safety.sidecar. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "hiera_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

#define HEADER 24
#define PATIENCE_S 1.0

enum { HELLO = 1, REQUEST = 2, REPLY = 3, RESET = 4, BACKUP = 6, ERROR = 7, BYE = 8 };

typedef struct {
    unsigned kind;
    uint64_t sequence;
    const unsigned char *payload;
    size_t size;
} message;

/* ---- numbers, little-endian on any machine ---- */

static void put(unsigned char *at, uint64_t value, int bytes) {
    int i;
    for (i = 0; i < bytes; i++) at[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get(const unsigned char *at, int bytes) {
    uint64_t value = 0;
    int i;
    for (i = 0; i < bytes; i++) value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static unsigned char *put_f64(unsigned char *at, const double *values, size_t count) {
    size_t i;
    for (i = 0; i < count; i++, at += 8) {
        uint64_t bits;
        memcpy(&bits, &values[i], 8);
        put(at, bits, 8);
    }
    return at;
}

static const unsigned char *get_f64(const unsigned char *at, double *values, size_t count) {
    size_t i;
    for (i = 0; i < count; i++, at += 8) {
        uint64_t bits = get(at, 8);
        memcpy(&values[i], &bits, 8);
    }
    return at;
}

static const unsigned char *get_text(const unsigned char *at, char *text, size_t count) {
    memcpy(text, at, count);
    text[count] = '\0';
    return at + count;
}

static int all_finite(const double *values, size_t count) {
    size_t i;
    for (i = 0; i < count; i++)
        if (!isfinite(values[i])) return 0;
    return 1;
}

/* ---- the connection ---- */

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int fail(hiera_client *c, const char *why, int close_it) {
    snprintf(c->trouble, sizeof c->trouble, "the sidecar at %s is of no use: %.800s",
             c->address, why);
    if (close_it && c->fd >= 0) {
        close(c->fd);
        c->fd = -1;
    }
    return -1;
}

static int late(hiera_client *c, int close_it) {
    fail(c, "", close_it);
    snprintf(c->trouble, sizeof c->trouble, "no answer from %s within %g ms", c->address,
             1e3 * c->timeout_s);
    return -1;
}

/* Waits until the socket is ready or the deadline has passed; 1 if it is ready. */
static int wait_for(int fd, short events, double deadline) {
    for (;;) {
        struct pollfd asked;
        double left = deadline - now_s();
        int ready;
        if (left <= 0.0) return 0;
        asked.fd = fd;
        asked.events = events;
        asked.revents = 0;
        ready = poll(&asked, 1, left > 1e6 ? 1000000000 : (int)ceil(1e3 * left));
        if (ready > 0) return 1;
        if (ready < 0 && errno != EINTR) return 1;
    }
}

static int send_all(hiera_client *c, size_t size, double deadline) {
    size_t sent = 0;
    while (sent < size) {
        ssize_t count = send(c->fd, c->out + sent, size - sent, MSG_NOSIGNAL);
        if (count > 0) {
            sent += (size_t)count;
        } else if (count < 0 && errno == EINTR) {
            continue;
        } else if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            /* Half a message may have left: nothing that follows would be understood. */
            if (!wait_for(c->fd, POLLOUT, deadline)) return late(c, 1);
        } else {
            return fail(c, strerror(errno), 1);
        }
    }
    return 0;
}

/* The next message, valid until the next call. */
static int receive(hiera_client *c, message *next, double deadline) {
    if (c->taken) {
        memmove(c->in, c->in + c->taken, c->filled - c->taken);
        c->filled -= c->taken;
        c->taken = 0;
    }
    for (;;) {
        ssize_t count;
        if (c->filled >= HEADER) {
            size_t size = (size_t)get(c->in + 16, 4);
            if (memcmp(c->in, "HIER", 4) != 0) return fail(c, "it does not speak the format", 1);
            if (get(c->in + 4, 2) != HIERA_VERSION)
                return fail(c, "it speaks another version of the format", 1);
            if (size > HIERA_BUFFER - HEADER) return fail(c, "its message is too large", 1);
            if (c->filled >= HEADER + size) {
                next->kind = (unsigned)get(c->in + 6, 2);
                next->sequence = get(c->in + 8, 8);
                next->payload = c->in + HEADER;
                next->size = size;
                c->taken = HEADER + size;
                return 0;
            }
        }
        if (!wait_for(c->fd, POLLIN, deadline)) return late(c, 0);
        count = recv(c->fd, c->in + c->filled, sizeof c->in - c->filled, 0);
        if (count > 0)
            c->filled += (size_t)count;
        else if (count == 0)
            return fail(c, "it closed the connection", 1);
        else if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)
            return fail(c, strerror(errno), 1);
    }
}

static void begin(hiera_client *c, unsigned kind, size_t size) {
    memcpy(c->out, "HIER", 4);
    put(c->out + 4, HIERA_VERSION, 2);
    put(c->out + 6, kind, 2);
    put(c->out + 8, c->sequence, 8);
    put(c->out + 16, size, 4);
    put(c->out + 20, 0, 4);
}

static void read_error(const message *m, char *text) {
    size_t length = m->size >= 8 ? (size_t)get(m->payload + 4, 4) : 0;
    if (m->size < 8 || length != m->size - 8 || length >= HIERA_MAX_TEXT)
        strcpy(text, "it sent an error that cannot be read");
    else
        get_text(m->payload + 8, text, length);
}

/* Waits for the answer to the newest question: 0 an answer, 1 a refusal, -1 neither. */
static int answer(hiera_client *c, unsigned kind, message *m, double deadline) {
    for (;;) {
        if (receive(c, m, deadline) != 0) return -1;
        if (m->kind == BACKUP) {
            c->trips = m->sequence;
        } else if (m->kind == ERROR && (m->sequence == 0 || m->sequence == c->sequence)) {
            char text[HIERA_MAX_TEXT];
            unsigned fault = m->size >= 4 ? (unsigned)get(m->payload, 4) : 0;
            read_error(m, text);
            if (fault <= 3 || fault == 7) fail(c, "", 1);
            snprintf(c->trouble, sizeof c->trouble, "the request was refused: %.900s", text);
            return 1;
        } else if (m->kind == kind && m->sequence == c->sequence) {
            return 0;
        } else if (m->sequence < c->sequence) {
            c->discarded++;
        } else {
            return fail(c, "it answers what was not asked", 1);
        }
    }
}

static int connect_to(hiera_client *c, const struct sockaddr *where, socklen_t size,
                      double deadline) {
    int flags, trouble = 0;
    socklen_t length = sizeof trouble;
    if (c->fd < 0) return fail(c, strerror(errno), 0);
    flags = fcntl(c->fd, F_GETFL, 0);
    if (flags < 0 || fcntl(c->fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return fail(c, strerror(errno), 1);
    fcntl(c->fd, F_SETFD, FD_CLOEXEC);
    if (connect(c->fd, where, size) == 0) return 0;
    if (errno != EINPROGRESS && errno != EINTR) return fail(c, strerror(errno), 1);
    if (!wait_for(c->fd, POLLOUT, deadline)) return late(c, 1);
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &trouble, &length) < 0) trouble = errno;
    return trouble ? fail(c, strerror(trouble), 1) : 0;
}

static int dial(hiera_client *c, double deadline) {
    if (strncmp(c->address, "tcp:", 4) == 0) {
        struct sockaddr_in where;
        char host[64] = "127.0.0.1";
        const char *colon = strrchr(c->address, ':');
        size_t length = colon > c->address + 4 ? (size_t)(colon - c->address - 4) : 0;
        long port = strtol(colon + 1, NULL, 10);
        int one = 1;
        if (length >= sizeof host || port < 1 || port > 65535)
            return fail(c, "an address is tcp:HOST:PORT", 0);
        if (length) {
            memcpy(host, c->address + 4, length);
            host[length] = '\0';
        }
        if (strcmp(host, "localhost") == 0) strcpy(host, "127.0.0.1");
        memset(&where, 0, sizeof where);
        where.sin_family = AF_INET;
        where.sin_port = htons((uint16_t)port);
        if (inet_pton(AF_INET, host, &where.sin_addr) != 1)
            return fail(c, "the host is an IPv4 address or localhost", 0);
        c->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (c->fd >= 0) setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        return connect_to(c, (const struct sockaddr *)&where, sizeof where, deadline);
    } else {
        struct sockaddr_un where;
        const char *path = c->address + (strncmp(c->address, "unix:", 5) == 0 ? 5 : 0);
        memset(&where, 0, sizeof where);
        where.sun_family = AF_UNIX;
        if (strlen(path) >= sizeof where.sun_path) return fail(c, "its path is too long", 0);
        strcpy(where.sun_path, path);
        c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
        return connect_to(c, (const struct sockaddr *)&where, sizeof where, deadline);
    }
}

static int greet(hiera_client *c, double deadline) {
    message m;
    uint64_t n, k, name;
    double resting[HIERA_MAX_NUMBERS];
    c->filled = c->taken = 0;
    if (dial(c, deadline) != 0) return -1;
    if (receive(c, &m, deadline) != 0) {
        if (c->fd >= 0) close(c->fd);
        c->fd = -1;
        return -1;
    }
    if (m.kind == ERROR) {
        char text[HIERA_MAX_TEXT];
        read_error(&m, text);
        return fail(c, text, 1);
    }
    if (m.kind != HELLO || m.size < 32) return fail(c, "it did not say hello", 1);
    n = get(m.payload + 16, 4);
    k = get(m.payload + 20, 4);
    name = get(m.payload + 24, 4);
    if (n < 1 || n > HIERA_MAX_NUMBERS || k < 1 || k > HIERA_MAX_NUMBERS || name > 255 ||
        m.size != 32 + 8 * k + name)
        return fail(c, "its hello contradicts itself", 1);
    if (c->knows_rest && k != c->action_size) return fail(c, "its actions have another size", 1);
    get_f64(m.payload + 32, resting, (size_t)k);
    if (!all_finite(resting, (size_t)k)) return fail(c, "its resting action is not finite", 1);
    get_f64(m.payload, &c->budget_s, 1);
    c->trips = get(m.payload + 8, 8);
    c->state_size = (uint32_t)n;
    c->action_size = (uint32_t)k;
    memcpy(c->resting, resting, sizeof resting);
    get_text(m.payload + 32 + 8 * k, c->filter, (size_t)name);
    c->knows_rest = 1;
    return 0;
}

/* ---- questions and answers ---- */

static int write_request(hiera_client *c, const hiera_request *r, size_t *size) {
    uint64_t previous = r->u_previous ? c->action_size : 0;
    uint64_t numbers = c->state_size + c->action_size + previous + 2 * (uint64_t)r->points_count +
                       4 * (uint64_t)r->movers_count + r->scan_count + r->p_count;
    uint64_t mask = r->allowed ? r->allowed_count : 0;
    uint64_t payload = 56 + 8 * numbers + (mask + 7) / 8 * 8;
    uint64_t counts[10];
    double times[2];
    unsigned char *at = c->out + HEADER;
    int i;
    if (!r->x || !r->u_nominal || (r->points_count && !r->points) ||
        (r->movers_count && !(r->movers && r->mover_radius && r->mover_speed)) ||
        (r->scan_count && !r->scan) || (r->p_count && !r->p)) {
        strcpy(c->trouble, "the request was refused: a pointer is missing");
        return 1;
    }
    if (payload > HIERA_BUFFER - HEADER) {
        strcpy(c->trouble, "the request was refused: it is larger than HIERA_BUFFER");
        return 1;
    }
    counts[0] = c->state_size;
    counts[1] = c->action_size;
    counts[2] = previous;
    counts[3] = r->points_count;
    counts[4] = r->movers_count;
    counts[5] = r->scan_count;
    counts[6] = r->p_count;
    counts[7] = mask;
    counts[8] = (r->allowed ? 1 : 0) | (r->now_s ? 2 : 0);
    counts[9] = 0;
    times[0] = r->time_s;
    times[1] = r->now_s ? *r->now_s : 0.0;
    c->sequence++;
    begin(c, REQUEST, (size_t)payload);
    at = put_f64(at, times, 2);
    for (i = 0; i < 10; i++, at += 4) put(at, counts[i], 4);
    at = put_f64(at, r->x, c->state_size);
    at = put_f64(at, r->u_nominal, c->action_size);
    at = put_f64(at, r->u_previous, (size_t)previous);
    at = put_f64(at, r->points, 2 * (size_t)r->points_count);
    at = put_f64(at, r->movers, 2 * (size_t)r->movers_count);
    at = put_f64(at, r->mover_radius, r->movers_count);
    at = put_f64(at, r->mover_speed, r->movers_count);
    at = put_f64(at, r->scan, r->scan_count);
    at = put_f64(at, r->p, r->p_count);
    memset(at, 0, (size_t)((mask + 7) / 8 * 8));
    if (mask) memcpy(at, r->allowed, (size_t)mask);
    *size = HEADER + (size_t)payload;
    return 0;
}

static int read_reply(hiera_client *c, const message *m, hiera_reply *reply) {
    uint64_t head[8];
    const unsigned char *at = m->payload + 40;
    int i;
    if (m->size < 40) return fail(c, "its reply contradicts itself", 1);
    for (i = 0; i < 8; i++) head[i] = get(m->payload + 8 + 4 * i, 4);
    if (head[0] > 6 || head[2] != c->action_size || head[3] > HIERA_MAX_MARGINS || head[4] > 255 ||
        head[5] >= HIERA_MAX_TEXT || head[6] >= HIERA_MAX_TEXT ||
        m->size != 40 + 8 * (head[2] + head[3]) + head[4] + head[5] + head[6])
        return fail(c, "its reply contradicts itself", 1);
    get_f64(m->payload, &reply->solve_time_s, 1);
    at = get_f64(at, reply->u, (size_t)head[2]);
    if (!all_finite(reply->u, (size_t)head[2])) return fail(c, "its reply is no action", 1);
    at = get_f64(at, reply->margins, (size_t)head[3]);
    at = get_text(at, reply->backup, (size_t)head[4]);
    at = get_text(at, reply->reason, (size_t)head[5]);
    get_text(at, reply->active, (size_t)head[6]);
    reply->status = (hiera_status)head[0];
    reply->intervened = (head[1] & 1) != 0;
    reply->certified = (head[1] & 2) != 0;
    reply->tripped = (head[1] & 8) != 0;
    reply->margins_count = (uint32_t)head[3];
    return 0;
}

static hiera_status rest(hiera_client *c, hiera_reply *reply, int refused) {
    c->rested++;
    memset(reply, 0, offsetof(hiera_reply, margins));
    reply->status = HIERA_STOP;
    reply->intervened = 1;
    reply->solve_time_s = 0.0;
    memcpy(reply->u, c->resting, sizeof reply->u);
    strcpy(reply->backup, refused ? "refused" : "watchdog");
    strcpy(reply->reason, c->trouble);
    reply->active[0] = '\0';
    return HIERA_STOP;
}

int hiera_open(hiera_client *c, const char *address, double timeout_s) {
    c->fd = -1;
    c->knows_rest = 0;
    c->state_size = c->action_size = 0;
    c->budget_s = 0.0;
    memset(c->resting, 0, sizeof c->resting);
    c->filter[0] = c->trouble[0] = c->address[0] = '\0';
    c->timeout_s = timeout_s;
    c->sequence = c->trips = c->rested = c->discarded = 0;
    c->filled = c->taken = 0;
    if (!(timeout_s > 0.0)) {
        strcpy(c->trouble, "the timeout must be positive");
        return -1;
    }
    if (strlen(address) >= sizeof c->address) {
        strcpy(c->trouble, "the address is too long");
        return -1;
    }
    strcpy(c->address, address);
    return greet(c, now_s() + (timeout_s > PATIENCE_S ? timeout_s : PATIENCE_S));
}

hiera_status hiera_filter(hiera_client *c, const hiera_request *request, hiera_reply *reply) {
    double deadline = now_s() + c->timeout_s;
    message m;
    size_t size;
    int outcome;
    if (c->fd < 0 && (c->address[0] == '\0' || greet(c, deadline) != 0)) return rest(c, reply, 0);
    outcome = write_request(c, request, &size);
    if (outcome == 0) outcome = send_all(c, size, deadline);
    if (outcome == 0) outcome = answer(c, REPLY, &m, deadline);
    if (outcome == 0) outcome = read_reply(c, &m, reply);
    return outcome == 0 ? reply->status : rest(c, reply, outcome > 0);
}

void hiera_reset(hiera_client *c) {
    double deadline = now_s() + (c->timeout_s > PATIENCE_S ? c->timeout_s : PATIENCE_S);
    message m;
    if (c->fd < 0) return;
    c->sequence++;
    begin(c, RESET, 0);
    if (send_all(c, HEADER, deadline) == 0 && answer(c, RESET, &m, deadline) == 0) return;
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
}

void hiera_close(hiera_client *c) {
    if (c->fd < 0) return;
    begin(c, BYE, 0);
    send_all(c, HEADER, now_s() + PATIENCE_S);
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
}
