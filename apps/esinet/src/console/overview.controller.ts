import { Controller, Get, Header, Inject } from '@nestjs/common';
import { LAB_ATTRIBUTION } from '../lab/lab-boundaries.js';
import { NEIGHBOURS_ATTRIBUTION } from '../lab/lab-neighbours.js';
import { type ElementStatus, OVERVIEW, Overview } from './overview.js';

@Controller()
export class OverviewController {
  constructor(@Inject(OVERVIEW) private readonly overview: Overview) {}

  @Get('api/elements')
  elements(): Promise<ElementStatus[]> {
    return this.overview.status();
  }

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
  async page(): Promise<string> {
    const rows = (await this.overview.status()).map(
      ({ name, http, ready, checks }) =>
        `<tr><th>${escape(name)}</th><td class="${ready ? 'well' : 'ill'}">${ready ? 'ready' : 'not ready'}</td>` +
        `<td>${Object.entries(checks)
          .map(([what, answer]) => escape(`${what}: ${answer}`))
          .join(' · ')}</td>` +
        `<td><a href="${escape(http)}/readyz">readyz</a> <a href="${escape(http)}/metrics">metrics</a></td></tr>`,
    );
    return page(rows.join('\n'), await this.overview.map());
  }
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

function page(rows: string, map: string): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="15"><title>ESInet</title>
<style>body{font:16px/1.5 system-ui;margin:3rem auto;max-width:54rem;padding:0 1rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.4rem .8rem;border-bottom:1px solid #ddd;vertical-align:top}.well{color:#176b2c}.ill{color:#a3161a;font-weight:bold}
svg{width:100%;height:auto;margin-top:2rem}.sea{fill:#dceaf2}.land{fill:#efece4;stroke:#c9c3b3;stroke-width:.5}.area{stroke:#fff;stroke-width:.8}.area:hover{stroke:#222;stroke-width:1.5}
code{background:#f3f3f3;padding:.1rem .3rem}</style>
<h1>ESInet</h1>
<table>${rows}</table>
${map}
<p>Send a chat: <code>npx esinet chat --at 40.4168,-3.7038 "help"</code></p>
<p><small>${LAB_ATTRIBUTION}. ${NEIGHBOURS_ATTRIBUTION}.</small></p>
</html>
`;
}
