/** A filter set around the content of one filter. */
export function filterSet(
  content: string,
  o: { readonly set?: string; readonly filter?: string } = {},
): string {
  return (
    `<filter-set xmlns="urn:ietf:params:xml:ns:simple-filter" xmlns:lf="urn:ietf:params:xml:ns:location-filter"` +
    ` xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0"${o.set ?? ''}>` +
    `<ns-bindings><ns-binding prefix="ca" urn="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"/>` +
    `<ns-binding prefix="ext" urn="urn:example:ext"/>` +
    `<ns-binding prefix="dyn" urn="urn:ietf:params:xml:schema:pidf:dynamic"/></ns-bindings>` +
    `<filter id="a"${o.filter ?? ''}>${content}</filter></filter-set>`
  );
}
