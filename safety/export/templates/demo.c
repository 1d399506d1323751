#include "@FILE@.h"

#include <stdio.h>

int main(void)
{
    gate_state clock = {0};
    gate_result safe;
    double x[GATE_STATES] = {@X@};
@P@    double wanted[GATE_INPUTS] = {@U@};
    for (int tick = 0; tick < 5; tick++) {
        /* your robot: fill x; your controller: fill wanted; your clock: the time of x */
        gate_filter(&clock, x, @PASS@, wanted, @TICK@ * tick, &safe);
        printf("%s", gate_status_text(safe.status));
        for (int j = 0; j < GATE_INPUTS; j++) printf(" %.6g", safe.u[j]); /* send safe.u */
        printf(" %s\n", gate_reason_text(safe.reason));
    }
    return 0;
}
