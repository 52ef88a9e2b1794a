/** Light and dark by what the reader's system says; one column on narrow screens. */
export const pageStyle = `
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1a2230;--soft:#566273;--line:#d5dbe3;--sea:#dfe9f2;
--gap:#c81e2c;--gap-fill:rgba(214,32,46,.72);--overlap:#b45300;--overlap-fill:#f08c1a;--sliver:#7a5a00;--change:#6a3fc0;--fault:#a0137f;--focus:#0b61d8;--pressed:#e6f0ff}
@media(prefers-color-scheme:dark){:root{--page:#10151c;--card:#19212c;--ink:#e8edf4;--soft:#a3b0c0;--line:#323e4d;--sea:#0c1822;
--gap:#ff7a82;--gap-fill:rgba(240,60,74,.75);--overlap:#ffb45c;--overlap-fill:#f39a2d;--sliver:#e5c04a;--change:#b59bff;--fault:#ff86dd;--focus:#6db1ff;--pressed:#22344d}}
*{box-sizing:border-box}
html,body{margin:0;height:100%;background:var(--page);color:var(--ink);font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
body{display:grid;grid-template:auto 1fr/minmax(320px,400px) 1fr;grid-template-areas:"head head" "side map"}
header{grid-area:head;padding:12px 18px;background:var(--card);border-bottom:1px solid var(--line)}
h1{margin:0;font-size:19px;line-height:1.3}
header p{margin:2px 0 0;color:var(--soft);font-size:13px;overflow-wrap:anywhere}
header .summary{color:var(--ink);font-size:15px}
aside{grid-area:side;display:flex;flex-direction:column;min-height:0;border-right:1px solid var(--line);background:var(--card)}
.tools{display:flex;flex-wrap:wrap;gap:6px 14px;align-items:center;padding:10px 14px;border-bottom:1px solid var(--line)}
#filter{display:flex;flex-wrap:wrap;gap:4px 12px;border:0;margin:0;padding:0}
#filter label{display:flex;gap:5px;align-items:center;min-height:28px}
#filter input{width:17px;height:17px;accent-color:var(--focus)}
button{font:inherit;color:inherit}
#all,.more{background:var(--page);border:1px solid var(--line);border-radius:6px;padding:4px 10px;cursor:pointer;min-height:30px}
#list{overflow:auto;flex:1;min-height:0;padding:4px 0 24px}
.group{border-bottom:1px solid var(--line)}
.group[hidden]{display:none}
summary{display:flex;gap:8px;align-items:baseline;padding:10px 14px;cursor:pointer;list-style:none}
summary::-webkit-details-marker{display:none}
summary::after{content:"▸";margin-left:auto;color:var(--soft)}
details[open]>summary::after{content:"▾"}
.what{font-weight:600}
.badge{font-size:12px;font-weight:600;border-radius:4px;padding:1px 7px;border:1px solid currentColor}
.badge.error{color:var(--gap)}.badge.notice,.badge.accepted{color:var(--soft)}.badge.change{color:var(--change)}
.meaning,.fix,.fine{margin:0;padding:0 14px 8px;color:var(--soft);font-size:13.5px}
.fix::before{content:"→ "}.fine{padding:18px 14px;color:var(--ink)}
ol{list-style:none;margin:0;padding:0 6px 6px}
.item{display:flex;gap:10px;width:100%;text-align:left;background:none;border:1px solid transparent;border-radius:8px;padding:7px 8px;cursor:pointer}
.item:hover{background:var(--page)}
.item[aria-pressed=true]{background:var(--pressed);border-color:var(--focus)}
.words{display:flex;flex-direction:column;min-width:0;overflow-wrap:anywhere}
small{color:var(--soft);font-size:12.5px}
.command{display:block;margin:0 8px 6px 38px;padding:3px 8px;background:var(--page);border:1px solid var(--line);border-radius:6px;font-size:12.5px;overflow-wrap:anywhere;user-select:all}
.swatch{flex:none;width:20px;height:16px;margin-top:3px;border:2px solid;border-radius:3px;background:none}
.swatch.gap{border-color:var(--gap);background:var(--gap-fill)}
.swatch.overlap{border-color:var(--overlap);background:repeating-linear-gradient(45deg,var(--overlap-fill) 0 3px,transparent 3px 6px)}
.swatch.sliver{border-color:var(--sliver);border-style:dashed}
.swatch.change{border-color:var(--change);background:repeating-linear-gradient(-45deg,var(--change) 0 2px,transparent 2px 6px)}
.swatch.fault{border-color:var(--fault);border-radius:50%;width:16px;margin:3px 2px 0}
main{grid-area:map;position:relative;min-height:0;display:flex;flex-direction:column}
#map{flex:1;min-height:0;background:var(--sea);z-index:0}
#status{min-height:30px;padding:4px 14px;margin:0;background:var(--card);border-top:1px solid var(--line);font-size:13px;color:var(--soft);overflow-wrap:anywhere}
.legend{position:absolute;right:10px;top:10px;z-index:1;margin:0;padding:8px 12px;list-style:none;background:var(--card);border:1px solid var(--line);border-radius:8px;font-size:13px}
.legend li{display:flex;gap:8px;align-items:flex-start}
:focus-visible{outline:3px solid var(--focus);outline-offset:1px}
.skip{position:absolute;left:-9999px}.skip:focus{left:8px;top:8px;z-index:9;background:var(--card);padding:6px 10px}
.leaflet-container{font:inherit;background:var(--sea)}
.leaflet-bar a,.leaflet-bar a:hover,.leaflet-control-scale-line{background:var(--card);color:var(--ink);border-color:var(--line);text-shadow:none}
.leaflet-tooltip{background:var(--card);color:var(--ink);border-color:var(--line)}
.name{white-space:nowrap}
.name span{position:absolute;transform:translate(-50%,-50%);font-size:12px;font-weight:600;color:var(--ink);text-shadow:0 0 3px var(--card),0 0 3px var(--card),0 0 4px var(--card)}
.issue.gap{fill:var(--gap-fill);stroke:var(--gap)}
.issue.overlap{fill:url(#hatch);stroke:var(--overlap)}
.issue.sliver{fill:none;stroke:var(--sliver);stroke-dasharray:5 4}
.issue.change{fill:url(#hatch-change);stroke:var(--change)}
.issue.fault{fill:none;stroke:var(--fault);stroke-dasharray:2 4}
.mark{fill:var(--card);fill-opacity:.65}
.mark.gap{stroke:var(--gap)}.mark.overlap{stroke:var(--overlap)}.mark.sliver{stroke:var(--sliver)}.mark.change{stroke:var(--change)}.mark.fault{stroke:var(--fault)}
.chosen{stroke-width:4px}
@media(max-width:760px){body{display:block;height:auto}main{height:56vh;min-height:300px;position:sticky;top:0;z-index:5}aside{border-right:0}#list{overflow:visible}.legend{font-size:12px;padding:5px 8px}.item{scroll-margin-top:58vh}.legend li{line-height:1.5}}
@media(max-width:760px){.leaflet-control-scale{display:none}}
`;
