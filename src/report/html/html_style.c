/* The style sheet of the HTML report. Whatever a colour shows, a word or a dash pattern shows too.
 */
#include "report/html/page.h"

#define HTML_COLOURS                                                                               \
    ":root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#57606a;--rule:#d8dee4;"      \
    "--panel:#f6f8fa;--good:#116329;--bad:#a40e26;--warn:#7d4e00;--s1:#0b5cad;--s2:#b54708;"       \
    "--s3:#a40e26;--s4:#6639ba;--bar:#0b5cad}\n"                                                   \
    "@media (prefers-color-scheme:dark){:root{--paper:#0d1117;--ink:#e6edf3;--soft:#9da7b3;"       \
    "--rule:#30363d;--panel:#161b22;--good:#56d364;--bad:#ff8a80;--warn:#e3b341;--s1:#6cb6ff;"     \
    "--s2:#ffa657;--s3:#ff8a80;--s4:#d2a8ff;--bar:#6cb6ff}}\n"
#define HTML_LINES                                                                                 \
    ".line{fill:none;stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round;"                 \
    "vector-effect:non-scaling-stroke}\n"                                                          \
    ".s1{stroke:var(--s1)}.s2{stroke:var(--s2);stroke-dasharray:7 4}"                              \
    ".s3{stroke:var(--s3);stroke-dasharray:1.5 3.5;stroke-width:2}"                                \
    ".s4{stroke:var(--s4);stroke-dasharray:10 3 2 3}\n"                                            \
    ".dot{fill:none;stroke-width:6;stroke-linecap:round;stroke-dasharray:none;"                    \
    "vector-effect:non-scaling-stroke}\n"                                                          \
    ".band{opacity:.22;stroke:none}.b1{fill:var(--s1)}.b2{fill:var(--s2)}.b3{fill:var(--s3)}"      \
    ".b4{fill:var(--s4)}\n"                                                                        \
    ".grid{stroke:var(--rule);stroke-width:1;fill:none;vector-effect:non-scaling-stroke}\n"        \
    ".mark{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 3;fill:none;"                      \
    "vector-effect:non-scaling-stroke}\n"

const char html_picture_style[] = HTML_COLOURS HTML_LINES
    "text{font:12px system-ui,-apple-system,\"Segoe UI\",Roboto,\"DejaVu Sans\",sans-serif;"
    "fill:var(--ink)}.title{font-size:15px;font-weight:600}.soft{fill:var(--soft)}"
    ".paper{fill:var(--paper)}.axis{fill:none;stroke:var(--soft)}\n";

const char html_style[] = HTML_COLOURS
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"
    "\"Segoe UI\",Roboto,\"DejaVu Sans\",sans-serif;font-variant-numeric:tabular-nums}\n"
    "main{max-width:1080px;margin:0 auto;padding:24px 20px 48px}\n"
    "h1{font-size:30px;line-height:1.2;margin:0}\n"
    "h2{font-size:19px;margin:40px 0 12px;padding-bottom:6px;border-bottom:1px solid var(--rule)}\n"
    "h3{font-size:15px;margin:24px 0 8px}\n"
    "p{margin:6px 0}\n"
    "code,pre{font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,\"DejaVu Sans Mono\",monospace}\n"
    "code{overflow-wrap:anywhere}\n"
    ".good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}"
    ".soft{color:var(--soft)}\n"
    /* the verdict */
    ".verdict{border-left:8px solid;padding:4px 0 4px 16px}\n"
    ".verdict h1{letter-spacing:.02em}\n"
    ".verdict p{color:var(--ink);overflow-wrap:anywhere}.verdict p.soft{color:var(--soft)}\n"
    ".verdict .where{font-size:17px}\n"
    ".verdict ul{margin:8px 0 0;padding-left:20px;color:var(--ink)}\n"
    /* the figures to know */
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));margin:24px 0 0;"
    "padding:0;list-style:none;border:solid var(--rule);border-width:1px 0 0 1px}\n"
    ".tiles li{padding:10px 14px;border:solid var(--rule);border-width:0 1px 1px 0}\n"
    ".tiles span,.tiles small{display:block;font-size:13px;color:var(--soft)}\n"
    ".tiles b{font-size:21px;line-height:1.3}\n"
    /* tables */
    ".wide{overflow-x:auto}\n"
    "table{border-collapse:collapse;width:100%;font-size:14px}\n"
    "th,td{text-align:left;vertical-align:top;padding:6px 14px 6px 0;"
    "border-bottom:1px solid var(--rule)}\n"
    "th{font-weight:600;color:var(--soft);font-size:13px}\n"
    "td.n,th.n{text-align:right;white-space:nowrap}\n"
    "td.k{white-space:nowrap}\n"
    ".times th.n{white-space:normal;vertical-align:bottom}\n"
    "td.v{overflow-wrap:anywhere}\n"
    "td ul{margin:2px 0 0;padding:0;list-style:none}\n"
    ".gauge{width:120px;min-width:60px;padding-top:12px}\n"
    ".gauge div{height:8px;background:var(--bar);min-width:1px}\n"
    /* charts */
    ".chart{margin:20px 0 0;break-inside:avoid}\n"
    ".chart figcaption span{color:var(--soft);font-size:13px;margin-left:6px}\n"
    ".legend{display:flex;flex-wrap:wrap;gap:2px 18px;margin:2px 0 8px;padding:0;list-style:none;"
    "font-size:13px;color:var(--soft)}\n"
    ".legend b{color:var(--ink);font-weight:600}\n"
    ".key{width:28px;height:8px;margin-right:6px;vertical-align:middle}\n"
    ".frame{position:relative;padding:16px 0 20px 64px}\n"
    ".plot{position:relative;height:200px;border-left:1px solid var(--soft);"
    "border-bottom:1px solid var(--soft)}\n"
    ".small .plot{height:96px}\n"
    ".plot svg{display:block;width:100%;height:100%;overflow:visible}\n" HTML_LINES
    ".hit{fill:var(--soft);fill-opacity:0}.hit:hover{fill-opacity:.14}\n"
    ".ys span{position:absolute;right:8px;transform:translateY(50%);white-space:nowrap}\n"
    ".ys{position:absolute;left:0;top:16px;bottom:20px;width:64px}\n"
    ".ys,.xs,.xt,.at{font-size:12px;line-height:1.2;color:var(--soft)}\n"
    ".xs{position:absolute;left:64px;right:0;bottom:0;height:16px}\n"
    ".x,.at{position:absolute;transform:translateX(-50%);white-space:nowrap}\n"
    ".x.start{transform:none}.x.end{transform:translateX(-100%)}\n"
    ".at{bottom:100%;transform:none;padding:0 4px}.at.end{transform:translateX(-100%)}"
    ".near{display:none}\n"
    ".xt{margin:0 0 0 64px}\n"
    ".moments,.spikes{font-size:14px;padding-left:24px}\n"
    /* what is folded */
    "details{margin-top:16px}\n"
    "summary{cursor:pointer;font-weight:600}\n"
    "details pre{max-height:70vh;overflow:auto;background:var(--panel);padding:12px;"
    "border:1px solid var(--rule)}\n"
    ".pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:0 32px}\n"
    "footer{margin-top:40px;font-size:13px;color:var(--soft)}\n"
    "@media (max-width:560px){main{padding:16px 12px 32px}h1{font-size:25px}"
    ".frame{padding-left:56px}.ys{width:56px}.xs{left:56px}.xt{margin-left:56px}"
    ".at{display:none}.near{display:block}.tiles{grid-template-columns:1fr 1fr}.tiles "
    "b{font-size:18px}"
    ".pair{display:block}th,td{padding-right:10px}.times{font-size:12px}.times td,"
    ".times th{padding-right:6px}"
    /* a row is a block, and each cell has its column's name before it */
    ".stack tr{display:flex;flex-wrap:wrap;gap:2px 16px;border-bottom:1px solid var(--rule);"
    "padding:6px 0}.stack tr:first-child,.stack td:empty{display:none}"
    ".stack td{border:0;padding:0;text-align:left}.stack td.k{white-space:normal}"
    ".stack td[data-label]::before{content:attr(data-label) \" \";color:var(--soft);"
    "font-size:12px}"
    ".stack .v,.stack .gauge{flex-basis:100%}.stack .gauge{width:100%}}\n"
    "@media print{:root{--paper:#fff;--ink:#000;--soft:#444;--rule:#bbb;--panel:#fff;"
    "--good:#116329;--bad:#a40e26;--warn:#7d4e00;--s1:#0b5cad;--s2:#b54708;--s3:#a40e26;"
    "--s4:#6639ba;--bar:#0b5cad}body,table,th,.moments,.spikes{font-size:11px}th,td{padding:3px "
    "8px 3px 0}"
    ".wide{overflow:visible}td.k code{white-space:normal}"
    ".chart figcaption{font-size:13px}.chart figcaption span,.legend{font-size:11px}"
    "main{max-width:none;padding:0}h2,h3{break-after:avoid}"
    "tr{break-inside:avoid}details{display:none}.plot{height:150px}"
    ".small .plot{height:70px}.gauge div{print-color-adjust:exact}}\n";
