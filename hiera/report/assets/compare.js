const D=JSON.parse(document.getElementById("data").textContent),page=document.getElementById("page");
page.append(el("h1",{},D.runs.length+" runs compared"),el("p",{class:"lead"},D.runs.map(r=>r.label).join(" · ")));
const keys=[...new Set(D.runs.flatMap(r=>Object.keys(r.metrics)))].filter(k=>D.runs.some(r=>["number","string","boolean"].includes(typeof r.metrics[k])));
const cell=v=>v===undefined||v===null?"–":typeof v==="number"?num(v,5):String(v);
page.append(card("Metrics",el("div",{style:"overflow:auto"},table(["metric",...D.runs.map(r=>"#"+r.label)],keys.map(k=>[k,...D.runs.map(r=>cell(r.metrics[k]))])))));
if(D.differences.length)page.append(card("Settings that differ",table(["setting",...D.runs.map(r=>r.label)],D.differences)));
page.append(el("div",{class:"grid"},D.curves.map(c=>card(c.title,chart(c)))));
page.append(card("Run directories",table(["run","path"],D.runs.map(r=>[r.label,r.path]))));
