const D=JSON.parse(document.getElementById("data").textContent),page=document.getElementById("page"),M=D.metrics;
const state=!D.finished?["not finished: killed or still running","bad"]:M.success?[M.outcome,""]:[M.outcome,"warn"];
page.append(el("h1",{},D.title,el("span",{class:"badge "+state[1]},state[0].replaceAll("_"," "))),el("p",{class:"lead"},D.headline+(M.detail?" "+M.detail+".":"")));
const cards=[["explored_fraction",v=>(100*v).toFixed(2)+" %","explored"],["distance_m",v=>num(v)+" m","driven"],["ended_by",v=>String(v).replaceAll("_"," "),"ended by"],["sim_time_s",v=>num(v/60,3)+" min","simulated time"],["violation_s",v=>num(v)+" s","beyond a hard limit"],["alarm_s",v=>num(v/60)+" min","above the CO₂ alarm"],["enriched_s",v=>num(v/60)+" min","above 23.5 % oxygen"],["cylinder_left",v=>(100*v).toFixed(0)+" %","oxygen left"],["lime_used",v=>(100-100*v).toFixed(0)+" %","lime left"],["wall_time_s",v=>num(v,3)+" s","wall time"],["collisions",num,"collisions"],["bumps",num,"bumped into while standing"],["actions",num,"actions"],["certificates",num,"certificates"],["interventions",num,"actions changed by the gate"]];
if(D.finished)page.append(el("div",{class:"cards"},cards.filter(c=>c[0]in M).map(([k,f,l])=>stat(f(M[k]),l))));
if(D.scene)page.append(mapCard(D.scene));
const charts=D.curves.map(c=>card(c.title,chart(c)));if(charts.length)page.append(el("div",{class:"grid"},charts));
function layers(){const rows=Object.entries(D.layers).map(([n,t])=>[n,num(t.calls),seconds(t.median_s),seconds(t.p99_s),seconds(t.max_s),seconds(t.total_s)]);
  return card("Time spent in each layer",table(["layer","#calls","#median","#99 %","#max","#total"],rows),el("p",{class:"note"},"Wall time of this machine. Plan counts requests that were computed in the loop's thread."))}
function gate(){const s=M.gate_status||{},n=Object.values(s).reduce((a,b)=>a+b,0)||1;const rows=Object.entries(s).map(([k,v])=>[k.replaceAll("_"," "),num(v),(100*v/n).toFixed(2)+" %"]);
  for(const[k,v]of Object.entries(M.gate_backups||{}))rows.push(["· backup: "+k.replaceAll("_"," "),num(v),(100*v/n).toFixed(2)+" %"]);
  const ev=D.gate_events.filter(e=>e.reason).slice(-40).reverse().map(e=>[num(e.time_s,5)+" s",e.status,e.backup||"",e.reason]);
  return card("What the gate did",table(["status","#actions","#share"],rows),D.gate_note?el("p",{class:"note"},D.gate_note):null,
    ev.length?el("details",{},el("summary",{},"Backups and their reasons (last "+ev.length+")"),el("div",{class:"scroll"},table(["time","status","backup","reason"],ev))):null)}
page.append(el("div",{class:"grid"},layers(),gate()));
function plans(){const by={};for(const p of D.plans)by[p.provenance]=(by[p.provenance]||0)+1;const rungs=Object.entries(M.plan_rungs||{});
  const rows=D.plans.map(p=>[String(p.index),num(p.time_s,5)+" s",el("span",{class:"chip "+p.provenance},p.provenance.replaceAll("_"," ")),String(p.subgoals),seconds(p.latency_s),p.strategy||p.reason||p.status]);
  return card("Who planned",el("p",{},Object.entries(by).map(([k,v])=>el("span",{class:"chip "+k,style:"margin-right:8px"},`${k.replaceAll("_"," ")} ${v}`)),` ${D.exchanges} exchanges with a language model`),
    rungs.length?el("details",{},el("summary",{},"Rungs of the validity ladder"),table(["rung","#times"],rungs.map(([k,v])=>[k.replaceAll("_"," "),num(v)]))):null,
    el("div",{class:"scroll"},table(["plan","in force from","decided by","#subgoals","#computed in","strategy"],rows)))}
if(D.plans.length)page.append(plans());
const scalars=Object.entries(M).filter(([,v])=>typeof v!=="object");
page.append(el("section",{class:"card"},el("details",{},el("summary",{},"All metrics"),table(["metric","#value"],scalars.map(([k,v])=>[k,typeof v==="number"?num(v,6):String(v)])))),
  el("section",{class:"card"},el("details",{},el("summary",{},"Config"),el("pre",{},D.config))),
  el("section",{class:"card"},el("details",{},el("summary",{},"Manifest"),el("pre",{},JSON.stringify(D.manifest,null,2)))));
function mapCard(S){
  const canvas=el("canvas"),say=el("div",{class:"say"}),slider=el("input",{type:"range",min:0,max:1000,value:1000}),button=el("button",{},"Play"),out=el("output");
  const box=card("The map as it became known",el("div",{class:"map"},canvas,say),el("div",{class:"bar"},button,slider,out),
    el("div",{class:"legend"},[["#eef1ee","free"],["#55616f","obstacle"],["#1d2733","unknown"],["#0f9fbf","way driven"],["#f0932b","gate intervened"],["#c13584","waypoints of the plan in force"]].map(([c,l])=>el("span",{},el("i",{style:"background:"+c}),l))));
  const image=new Image();image.onload=()=>{
    const w=image.width,h=image.height,off=el("canvas");off.width=w;off.height=h;const octx=off.getContext("2d",{willReadFrequently:true});octx.drawImage(image,0,0);
    const raw=octx.getImageData(0,0,w,h).data,n=w*h,when=new Uint16Array(n),kind=new Uint8Array(n);
    for(let i=0;i<n;i++){when[i]=raw[4*i]<<8|raw[4*i+1];kind[i]=raw[4*i+2]}
    const frame=octx.createImageData(w,h),px=new Uint32Array(frame.data.buffer),rgb=(r,g,b)=>255<<24|b<<16|g<<8|r;
    const U=rgb(29,39,51),F=rgb(238,241,238),O=rgb(85,97,111),N=rgb(190,226,214);
    const zoom=Math.max(1,Math.min(4,Math.round(1800/w)));canvas.width=w*zoom;canvas.height=h*zoom;const ctx=canvas.getContext("2d");
    const draw=t=>{const code=Math.max(1,Math.round(t/Math.max(S.end,1e-9)*65534)+1),fresh=code-Math.max(300,20/Math.max(S.end,1)*65534);
      for(let i=0;i<n;i++){const s=when[i];px[i]=!s||s>code?U:kind[i]===2?O:s>fresh&&code<65000?N:F}
      octx.putImageData(frame,0,0);ctx.imageSmoothingEnabled=false;ctx.drawImage(off,0,0,canvas.width,canvas.height);
      let k=S.t.length-1;while(k>0&&S.t[k]>t)k--;
      const line=(from,to,c,wd)=>{ctx.beginPath();for(let i=from;i<=to;i++){const p=S.xy[i];i===from?ctx.moveTo(p[0]*zoom,p[1]*zoom):ctx.lineTo(p[0]*zoom,p[1]*zoom)}ctx.strokeStyle=c;ctx.lineWidth=wd*zoom;ctx.lineJoin="round";ctx.stroke()};
      if(S.t.length){line(0,k,"#0f9fbf",1.6);for(let i=1;i<=k;i++)if(S.intervened[i]){ctx.fillStyle="#f0932b";ctx.fillRect(S.xy[i][0]*zoom-zoom*.8,S.xy[i][1]*zoom-zoom*.8,1.6*zoom,1.6*zoom)}}
      let plan=null;for(const p of S.plans)if(p.t<=t)plan=p;
      const over=k>=S.t.length-1&&t>=S.end;
      if(plan&&plan.xy.length&&!over){ctx.setLineDash([4*zoom,4*zoom]);ctx.strokeStyle="#c13584";ctx.lineWidth=1.2*zoom;ctx.beginPath();const s=S.xy[k];ctx.moveTo(s[0]*zoom,s[1]*zoom);for(const p of plan.xy)ctx.lineTo(p[0]*zoom,p[1]*zoom);ctx.stroke();ctx.setLineDash([]);
        plan.xy.forEach((p,i)=>{ctx.beginPath();ctx.arc(p[0]*zoom,p[1]*zoom,7*zoom,0,7);ctx.fillStyle="#c13584";ctx.fill();ctx.fillStyle="#fff";ctx.font=`${9*zoom}px system-ui`;ctx.textAlign="center";ctx.textBaseline="middle";ctx.fillText(i+1,p[0]*zoom,p[1]*zoom)})}
      for(const[label,pts]of Object.entries(S.marks))for(const p of pts){ctx.strokeStyle="#b3362b";ctx.lineWidth=2*zoom;ctx.strokeRect(p[0]*zoom-5*zoom,p[1]*zoom-5*zoom,10*zoom,10*zoom)}
      if(S.t.length){const p=S.xy[k],a=-S.theta[k],r=Math.max(S.radius,w/180)*zoom;ctx.beginPath();ctx.arc(p[0]*zoom,p[1]*zoom,r*1.5,0,7);ctx.fillStyle="#ffffff";ctx.fill();ctx.beginPath();ctx.arc(p[0]*zoom,p[1]*zoom,r*1.15,0,7);ctx.fillStyle="#d7263d";ctx.fill();ctx.beginPath();ctx.moveTo(p[0]*zoom,p[1]*zoom);ctx.lineTo((p[0]*zoom)+Math.cos(a)*r*2.4,(p[1]*zoom)+Math.sin(a)*r*2.4);ctx.strokeStyle="#d7263d";ctx.lineWidth=2*zoom;ctx.stroke();
        out.textContent=`${num(S.t[k],5)} s · ${(100*S.explored[k]).toFixed(1)} % · ${num(S.distance[k])} m`}
      say.textContent=plan&&plan.strategy?`${plan.by.replaceAll("_"," ")}: ${plan.strategy}`:"";say.style.display=say.textContent&&!over?"":"none"};
    slider.oninput=()=>draw(slider.value/1000*S.end);draw(S.end);
    let playing=null;button.onclick=()=>{if(playing){cancelAnimationFrame(playing);playing=null;button.textContent="Play";return}
      if(+slider.value>=1000)slider.value=0;button.textContent="Pause";let last=performance.now(),at=+slider.value;
      const run=now=>{at+=(now-last)/30;last=now;slider.value=Math.min(1000,at);draw(Math.min(1000,at)/1000*S.end);if(at<1000)playing=requestAnimationFrame(run);else{playing=null;button.textContent="Play"}};playing=requestAnimationFrame(run)};
  };image.src=S.image;return box}
