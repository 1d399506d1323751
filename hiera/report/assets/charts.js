const COLOURS=["#0f6e84","#d9772b","#6b4fa0","#2f7d4f","#b3362b","#8a7a1f","#44617f","#a3477b"];
const el=(tag,attrs={},...kids)=>{const svg=["svg","path","line","text","rect","g","circle","polyline"].includes(tag);
  const node=svg?document.createElementNS("http://www.w3.org/2000/svg",tag):document.createElement(tag);
  for(const[k,v]of Object.entries(attrs)){if(k==="html")node.innerHTML=v;else if(k.startsWith("on"))node[k]=v;else node.setAttribute(k,v)}
  for(const kid of kids.flat())if(kid!==null&&kid!==undefined)node.append(kid);return node};
const num=(v,d=3)=>v===null||v===undefined?"–":typeof v!=="number"?String(v):
  Math.abs(v)>=1000?v.toLocaleString("en",{maximumFractionDigits:0}):Number.isInteger(v)?String(v):String(+v.toPrecision(d));
const seconds=s=>s>=1?num(s)+" s":s>=1e-3?num(s*1e3)+" ms":num(s*1e6)+" µs";
function ticks(lo,hi,n=5){const span=hi-lo||1,raw=span/n,p=10**Math.floor(Math.log10(raw));
  const step=[1,2,5,10].map(m=>m*p).find(s=>s>=raw);const out=[];
  for(let v=Math.ceil(lo/step-1e-9)*step;v<=hi+1e-9*span;v+=step)out.push(+v.toPrecision(12));return out}
function chart(curve,{onHover}={}){
  const W=520,H=270,L=58,R=14,T=10,B=42,names=Object.keys(curve.series);
  const all=names.flatMap(n=>curve.series[n]);if(!all.length)return el("p",{class:"note"},"no data yet");
  const limits=curve.limits||[],bands=Object.entries(curve.bands||{}),told=bands.flatMap(b=>b[1]);
  const xs=all.map(p=>p[0]),ys=[...all.map(p=>p[1]),...told.flatMap(p=>[p[1],p[2]]),...limits.map(l=>l.value)].filter(v=>v!==null);
  let x0=Math.min(...xs),x1=Math.max(...xs),y0=Math.min(...ys),y1=Math.max(...ys);
  if(curve.from_zero!==false)y0=Math.min(0,y0);else y0-=.06*(y1-y0);if(limits.length)y1+=.06*(y1-y0);
  if(x1===x0)x1=x0+1;if(y1===y0)y1=y0+1;
  const X=v=>L+(v-x0)/(x1-x0)*(W-L-R),Y=v=>H-B-(v-y0)/(y1-y0)*(H-B-T);
  const svg=el("svg",{viewBox:`0 0 ${W} ${H}`,width:"100%"});
  for(const t of ticks(y0,y1,4))svg.append(el("line",{class:"axis",x1:L,x2:W-R,y1:Y(t),y2:Y(t)}),el("text",{x:L-8,y:Y(t)+4,"text-anchor":"end"},num(t)));
  for(const t of ticks(x0,x1,6))svg.append(el("text",{x:X(t),y:H-B+18,"text-anchor":"middle"},num(t)));
  svg.append(el("text",{x:(L+W-R)/2,y:H-6,"text-anchor":"middle"},curve.x),el("text",{x:14,y:(H-B+T)/2,"text-anchor":"middle",transform:`rotate(-90 14 ${(H-B+T)/2})`},curve.y));
  limits.forEach(l=>{const y=Y(l.value),c=l.hard?"#b3362b":"#d9772b";svg.append(el("rect",{x:L,width:W-L-R,y:l.upper?T:y,height:Math.max(0,l.upper?y-T:H-B-y),fill:c,"fill-opacity":l.hard?.13:.09}),
    el("line",{x1:L,x2:W-R,y1:y,y2:y,stroke:c,"stroke-dasharray":"5 4"}),el("text",{x:W-R-4,y:l.upper?y-4:y+13,"text-anchor":"end",style:"fill:"+c},l.label))});
  (curve.moments||[]).forEach(([at,what],k)=>{if(at>=x0&&at<=x1)svg.append(el("line",{x1:X(at),x2:X(at),y1:T,y2:H-B,stroke:"#5d6875","stroke-dasharray":"2 3"}),el("text",{x:X(at)+(X(at)>W/2?-5:5),y:H-B-6-14*(k%4),"text-anchor":X(at)>W/2?"end":"start"},what))});
  bands.forEach(([n,b])=>{const i=Math.max(0,names.indexOf(n)),kept=b.filter(p=>p[1]!==null&&p[2]!==null);
    svg.append(el("path",{fill:COLOURS[i%COLOURS.length],"fill-opacity":.18,d:kept.length?"M"+kept.map(p=>`${X(p[0]).toFixed(1)},${Y(p[2]).toFixed(1)}`).concat(kept.slice().reverse().map(p=>`${X(p[0]).toFixed(1)},${Y(p[1]).toFixed(1)}`)).join("L")+"Z":""}))});
  names.forEach((n,i)=>svg.append(el("polyline",{fill:"none",stroke:COLOURS[i%COLOURS.length],"stroke-width":2,"stroke-linejoin":"round",points:curve.series[n].map(p=>`${X(p[0]).toFixed(1)},${Y(p[1]).toFixed(1)}`).join(" ")})));
  const cursor=el("line",{y1:T,y2:H-B,stroke:"#1c243055",visibility:"hidden"}),tip=el("text",{class:"tip",y:T+12,visibility:"hidden"});
  svg.append(cursor,tip);
  svg.onmousemove=e=>{const r=svg.getBoundingClientRect(),v=x0+((e.clientX-r.left)/r.width*W-L)/(W-L-R)*(x1-x0);
    if(v<x0||v>x1)return;const says=names.map(n=>{const s=curve.series[n];let lo=0,hi=s.length-1;while(lo<hi){const m=(lo+hi)>>1;s[m][0]<v?lo=m+1:hi=m}return(names.length>1?n+" ":"")+num(s[lo][1],4)});
    for(const[k,w]of[["x1",X(v)],["x2",X(v)]])cursor.setAttribute(k,w);cursor.setAttribute("visibility","visible");
    tip.setAttribute("visibility","visible");tip.setAttribute("x",Math.min(Math.max(X(v)+6,L+4),W-150));tip.textContent=`${num(v,4)}: ${says.join(" · ")}`;onHover&&onHover(v)};
  svg.onmouseleave=()=>{cursor.setAttribute("visibility","hidden");tip.setAttribute("visibility","hidden")};
  const legend=names.length>1?el("div",{class:"legend"},names.map((n,i)=>el("span",{},el("i",{style:`background:${COLOURS[i%COLOURS.length]}`}),n))):null;
  return el("div",{},svg,legend,curve.note?el("p",{class:"note"},curve.note):null)}
const card=(title,...kids)=>el("section",{class:"card"},el("h2",{},title),...kids);
const stat=(value,label)=>el("div",{class:"stat"},el("b",{},value),el("span",{},label));
function table(head,rows){return el("table",{},el("thead",{},el("tr",{},head.map(h=>el("th",{class:h.startsWith("#")?"n":""},h.replace(/^#/,""))))),
  el("tbody",{},rows.map(r=>el("tr",{},r.map((c,i)=>el("td",{class:head[i].startsWith("#")?"n":""},c))))))}
