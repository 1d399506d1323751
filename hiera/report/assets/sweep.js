const D=JSON.parse(document.getElementById("data").textContent),page=document.getElementById("page"),C=D.counts;
const total=Object.values(C).reduce((a,b)=>a+b,0),pending=C.pending||0,failed=(C.error||0)+(C.timeout||0)+(C.died||0);
const state=pending?[`${num(pending)} rows not computed`,"warn"]:failed?[`${num(failed)} rows failed`,"bad"]:["complete",""];
const many=(n,word)=>`${num(n)} ${word}${n===1?"":"s"}`;
page.append(el("h1",{},D.title,el("span",{class:"badge "+state[1]},state[0])),
  el("p",{class:"lead"},`${many(D.groups.length+D.groups_left_out,"group")}, ${many(D.seeds,"seed")}. ${D.search?"Rows of a search are no sample: they say where it looked, and no mean is made of them.":"Means with 95 % intervals; a row that failed has no metrics and enters no mean."}`));
page.append(el("div",{class:"cards"},stat(num(total),"rows"),stat(num(C.ok||0),"computed"),stat(num(C.error||0),"raised an error"),stat(num(C.timeout||0),"took too long"),stat(num(C.died||0),"died"),stat(seconds(D.compute_s),"computing, all processes")));
const pm=v=>!v?"–":num(v[0],4)+(v[1]===null?"":` (${num(v[1],4)} to ${num(v[2],4)})`);
const numbered=Object.fromEntries(D.groups.map((g,i)=>[g.label,{i,short:g.factors.filter(f=>f!=="").join(" · ")||"all rows"}])),named=l=>numbered[l]||{i:0,short:l};
function searchCard(S){const head=S.value===null?"no row has the metric yet":`${S.metric} = ${num(S.value,6)}`;
  const bad=S.stop_at!==null&&S.value!==null&&(S.worst==="max"?S.value>=S.stop_at:S.value<=S.stop_at);
  return el("div",{class:"grid"},card("The worst case",el("p",{},el("b",{},head),bad?el("span",{class:"badge bad"},"violation"):null),table(["settings","#seed","#"+S.metric],S.rows.map(r=>[r[0],String(r[1]),num(r[2],6)])),el("p",{class:"note"},"Run it again: hiera run "+S.file)),card("The search",chart(S.curve)))}
if(D.search)page.append(searchCard(D.search));
function groupsCard(){const F=D.factors,M=D.metrics;
  return card("By group",el("div",{style:"overflow:auto"},table([...F,"#rows","#failed",...M.map(m=>"#"+m)],
    D.groups.map(g=>[...g.factors,num(g.rows),g.failed?el("span",{class:"chip fallback"},num(g.failed)):"0",...M.map(m=>pm(g.values[m]))]))),
    D.groups_left_out?el("p",{class:"note"},`${num(D.groups_left_out)} more groups are in the export.`):null,
    D.ranges.length?el("p",{class:"note"},"Rows of a group differ in "+D.ranges.join(", ")+" and seed."):null,
    D.more_metrics.length?el("details",{},el("summary",{},"Further metrics"),el("div",{style:"overflow:auto"},table([...F,...D.more_metrics.map(m=>"#"+m)],D.groups.map(g=>[...g.factors,...D.more_metrics.map(m=>pm(g.values[m]))])))):null)}
if(!D.search)page.append(groupsCard());
function verdict(d){if(d.low===null)return"one pair says nothing";return d.low>0?"higher":d.high<0?"lower":"no difference shown"}
if(D.baseline!==null&&!D.search){const by={};for(const d of D.differences)(by[d.metric]=by[d.metric]||[]).push(d);
  page.append(card("Against "+D.baseline,el("p",{class:"note"},"Differences over rows with the same seed and ranges, that is, in the same worlds. Each interval stands for itself: of twenty true zeros one looks like a difference."),
    Object.entries(by).map(([m,list])=>el("div",{},el("h3",{},m),forest(list.map(d=>({...named(d.label),v:[d.mean,d.low,d.high]})),0,760),
      table(["group","#pairs","#difference","#95 %","#per cent","#higher","#lower","reading"],list.map(d=>[named(d.label).short,num(d.pairs),num(d.mean,4),d.low===null?"–":`${num(d.low,4)} to ${num(d.high,4)}`,d.percent===null?"–":num(d.percent,3)+" %",num(d.higher),num(d.lower),verdict(d)]))))))}
function forest(rows,zero,W){const shown=rows.filter(r=>r.v).slice(0,40);if(!shown.length)return null;
  const L=Math.min(.4*W,24+6.4*Math.max(...shown.map(r=>r.short.length))),most=Math.floor((L-14)/6.2),R=20,T=6,row=22,H=T+row*shown.length+28;let xs=shown.flatMap(r=>r.v.slice(0,3).filter(v=>v!==null));if(zero!==null)xs=[...xs,zero];
  let x0=Math.min(...xs),x1=Math.max(...xs);const pad=.05*(x1-x0)||Math.abs(x0)*.05||1;x0-=pad;x1+=pad;const X=v=>L+(v-x0)/(x1-x0)*(W-L-R);
  const svg=el("svg",{viewBox:`0 0 ${W} ${H}`,width:"100%",style:`max-width:${W+140}px`});
  for(const t of ticks(x0,x1,5))svg.append(el("line",{class:"axis",x1:X(t),x2:X(t),y1:T,y2:H-24}),el("text",{x:X(t),y:H-8,"text-anchor":"middle"},num(t,4)));
  if(zero!==null)svg.append(el("line",{x1:X(zero),x2:X(zero),y1:T,y2:H-24,stroke:"#1c2430","stroke-dasharray":"3 3"}));
  shown.forEach((r,k)=>{const y=T+row*k+row/2,c=COLOURS[r.i%COLOURS.length],name=r.short.length>most?r.short.slice(0,most-1)+"…":r.short;
    svg.append(el("text",{x:L-10,y:y+4,"text-anchor":"end"},name));
    if(r.v[1]!==null)svg.append(el("line",{x1:X(r.v[1]),x2:X(r.v[2]),y1:y,y2:y,stroke:c,"stroke-width":2.5}));
    svg.append(el("circle",{cx:X(r.v[0]),cy:y,r:4.5,fill:c}))});
  return svg}
if(D.groups.length>1&&!D.search)page.append(el("div",{class:"grid"},D.metrics.map(m=>card(m,forest(D.groups.map(g=>({...named(g.label),v:g.values[m]})),null,520)||"no data"))));
function scatter(s){const W=520,H=270,L=62,R=14,T=10,B=42,xs=s.points.map(p=>p[0]),ys=s.points.map(p=>p[1]);
  let x0=Math.min(...xs),x1=Math.max(...xs),y0=Math.min(...ys),y1=Math.max(...ys);const py=.05*(y1-y0)||1;y0-=py;y1+=py;if(x0===x1)x1=x0+1;
  const X=v=>L+(v-x0)/(x1-x0)*(W-L-R),Y=v=>H-B-(v-y0)/(y1-y0)*(H-B-T),svg=el("svg",{viewBox:`0 0 ${W} ${H}`,width:"100%"});
  for(const t of ticks(y0,y1,4))svg.append(el("line",{class:"axis",x1:L,x2:W-R,y1:Y(t),y2:Y(t)}),el("text",{x:L-8,y:Y(t)+4,"text-anchor":"end"},num(t)));
  for(const t of ticks(x0,x1,6))svg.append(el("text",{x:X(t),y:H-B+18,"text-anchor":"middle"},num(t)));
  svg.append(el("text",{x:(L+W-R)/2,y:H-6,"text-anchor":"middle"},s.key),el("text",{x:14,y:(H-B+T)/2,"text-anchor":"middle",transform:`rotate(-90 14 ${(H-B+T)/2})`},s.metric));
  for(const p of s.points)svg.append(el("circle",{cx:X(p[0]).toFixed(1),cy:Y(p[1]).toFixed(1),r:3,fill:COLOURS[0],"fill-opacity":.45}));
  return el("div",{},svg,el("p",{class:"note"},`${num(s.n)} rows`+(D.search?"":`, rank correlation ${num(s.rho,2)}`)))}
if(D.scatter.length&&!D.search){const keys=D.ranges,names=[...new Set(D.scatter.map(s=>s.metric))],at=Object.fromEntries(D.scatter.map(s=>[s.metric+" "+s.key,s.rho]));
  page.append(card("What goes with what",table(["metric",...keys.map(k=>"#"+k)],names.map(m=>[m,...keys.map(k=>num(at[m+" "+k],2))])),el("p",{class:"note"},"Spearman's rank correlation over all rows: 1 rises with it, -1 falls with it, near 0 no monotone relation.")))}
if(D.scatter.length)page.append(el("div",{class:"grid"},D.scatter.slice(0,12).map(s=>card(`${s.metric} over ${s.key}`,scatter(s)))));
for(const c of D.curves)c.series=Object.fromEntries(Object.entries(c.series).map(([l,s])=>[named(l).short,s]));
if(D.curves.length&&!D.search)page.append(el("div",{class:"grid"},D.curves.map(c=>card("How "+c.title+" is spread",chart(c)))));
if(D.failures.length)page.append(card("What failed, and why",D.failures.map(f=>el("details",{},el("summary",{},el("span",{class:"chip fallback"},f.status),` ${f.error} `,el("span",{class:"note"},many(f.rows,"row"))),f.examples.map(x=>el("div",{},el("p",{class:"note"},x.where),x.traceback?el("pre",{},x.traceback):null))))));
page.append(el("section",{class:"card"},el("details",{},el("summary",{},"Settings of the sweep"),el("pre",{},D.settings||"a function of one's own"))),
  el("section",{class:"card"},el("details",{},el("summary",{},"Where it lies"),el("p",{},D.path),el("p",{class:"note"},"Computed by hiera "+(D.codes.join(", ")||"–")))));
