import { writeCivic, writeGmlShape } from '@esinet/location';
import { escapeAttribute, escapeText } from '@esinet/xml';
import { LOST_EXT_NS, LOST_NS, LOST_SLB_NS, type LostLocation, type LostRequest } from './messages.js';
import { writePath } from './write-answer.js';

/** Writes a request of RFC 5222. A location without content is left out. */
export function writeLostRequest(r: LostRequest): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${writeRoot(r)}`;
}

function writeRoot(r: LostRequest): string {
  switch (r.type) {
    case 'findService':
      return (
        `<findService xmlns="${LOST_NS}" recursive="${r.recursive}"` +
        (r.validateLocation ? ' validateLocation="true"' : '') +
        ` serviceBoundary="${r.serviceBoundary}">${r.locations.map(writeLocation).join('')}` +
        `<service>${escapeText(r.service)}</service>${writePath(r.path)}` +
        (r.limit === undefined ? '' : `<limit xmlns="${LOST_EXT_NS}">${r.limit}</limit>`) +
        (r.region === undefined ? '' : `<region xmlns="${LOST_EXT_NS}">${r.region}</region>`) +
        `</findService>`
      );
    case 'getServiceBoundary':
      return `<getServiceBoundary xmlns="${LOST_NS}" key="${escapeAttribute(r.key)}"/>`;
    case 'listServices':
      return `<listServices xmlns="${LOST_NS}">${writeService(r.service)}${writePath(r.path)}</listServices>`;
    case 'listServicesByLocation':
      return (
        `<listServicesByLocation xmlns="${LOST_NS}" recursive="${r.recursive}">` +
        `${r.locations.map(writeLocation).join('')}${writeService(r.service)}${writePath(r.path)}` +
        (r.serviceListBoundary === undefined
          ? ''
          : `<serviceListBoundaryRequest xmlns="${LOST_SLB_NS}" type="${r.serviceListBoundary}"/>`) +
        `</listServicesByLocation>`
      );
    case 'getServiceListBoundary':
      return `<getServiceListBoundary xmlns="${LOST_SLB_NS}" serviceListKey="${escapeAttribute(r.key)}"/>`;
  }
}

function writeService(service: string | undefined): string {
  return service === undefined ? '' : `<service>${escapeText(service)}</service>`;
}

function writeLocation(l: LostLocation): string {
  const content = l.shape ? writeGmlShape(l.shape) : l.civic ? writeCivic(l.civic) : undefined;
  if (content === undefined) return '';
  return `<location id="${escapeAttribute(l.id)}" profile="${escapeAttribute(l.profile)}">${content}</location>`;
}
