import { bombs, doctypes, encodings, illFormed, wellFormed } from '@esinet/xml/testing';

/** Bigger than this a seed takes the time of thousands of others. */
const maxSeedBytes = 4_000;

/** Documents of the vocabularies we read, as others write them, and one with all that XML has. */
const documents = [
  `<?xml version="1.0" encoding="UTF-8"?>
<findService xmlns="urn:ietf:params:xml:ns:lost1" serviceBoundary="value" recursive="true" validateLocation="false">
  <location id="6020688f1ce1896d" profile="geodetic-2d">
    <p2:Point xmlns:p2="http://www.opengis.net/gml" srsName="urn:ogc:def:crs:EPSG::4326">
      <p2:pos>41.3874 2.1686</p2:pos>
    </p2:Point>
  </location>
  <location id="b" profile="civic">
    <c:civicAddress xmlns:c="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" xml:lang="ca">
      <c:country>ES</c:country><c:A1>Catalunya</c:A1><c:A3>L'Hospitalet &amp; entorn</c:A3><c:RD>Carrer Més Ample</c:RD>
    </c:civicAddress>
  </location>
  <service>urn:service:sos.police</service>
  <path><via source="a.example"/><via source="b.example"></via></path>
</findService>
`,
  '<?xml version="1.0"?><findServiceResponse xmlns="urn:ietf:params:xml:ns:lost1" xmlns:g="http://www.opengis.net/gml">' +
    '<mapping expires="2030-01-01T00:00:00Z" lastUpdated="2029-01-01T00:00:00Z" source="a.b" sourceId="1">' +
    '<displayName xml:lang="es">112 &#x2014; España</displayName><service>urn:service:sos</service>' +
    '<serviceBoundary profile="geodetic-2d"><g:Polygon srsName="urn:ogc:def:crs:EPSG::4326"><g:exterior><g:LinearRing>' +
    '<g:pos>40 -4</g:pos><g:pos>40 -3</g:pos><g:pos>41 -3</g:pos><g:pos>40 -4</g:pos></g:LinearRing></g:exterior></g:Polygon>' +
    '</serviceBoundary><uri>sip:112@a.b</uri><serviceNumber>112</serviceNumber></mapping><path><via source="a.b"/></path>' +
    '</findServiceResponse>',
  `<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\r\n<locationRequest xmlns='urn:ietf:params:xml:ns:geopriv:held' ` +
    `responseTime='emergencyRouting'>\r\n\t<locationType exact = "true" >geodetic&#32;locationURI</locationType >\r` +
    `<device xmlns="urn:ietf:params:xml:ns:geopriv:held:id"><ip v="4">192.0.2.7</ip></device></locationRequest>`,
  '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" ' +
    'xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:gs="http://www.opengis.net/pidflo/1.0" entity="pres:a@b">' +
    '<dm:device id="d"><gp:geopriv><gp:location-info><gs:Circle xmlns:gml="http://www.opengis.net/gml" ' +
    'srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>1 2</gml:pos><gs:radius uom="urn:ogc:def:uom:EPSG::9001">30</gs:radius>' +
    '</gs:Circle></gp:location-info><gp:usage-rules/><gp:method>GPS</gp:method></gp:geopriv><!-- here --></dm:device></presence>',
  `<?xml version="1.0"?><!-- a --><?go (now)?>
<é:a xmlns:é="urn:x" xmlns="" xml:space='preserve' é:b = "1&#10;2	3
4" b='"&quot;&apos;"'><![CDATA[<&]]>]]&gt;&#128680;\u{1F6A8}<\u{10400}\u00b7 c="\u{1F6A8}"/><c xmlns:é="urn:y"><é:d é:e=""/></c ><!----><?p?></é:a>
<!-- z -->`,
] as const;

/** What the mutations start from. */
export const xmlSeeds: readonly Buffer[] = [
  ...documents.flatMap((text) => Array.from({ length: 40 }, () => Buffer.from(text))),
  ...[...wellFormed, ...illFormed, ...doctypes, ...encodings, ...bombs]
    .map(([, document]) => (typeof document === 'string' ? Buffer.from(document) : Buffer.from(document)))
    .filter((bytes) => bytes.length <= maxSeedBytes),
];

/** Pieces that mean something to a reader of XML, and characters on the edge of what is allowed. */
export const xmlMorsels: readonly string[] = [
  '<', '>', '/>', '</', '<a>', '</a>', '<a/>', '<b:c/>', '<b:c>', '</b:c>', '&', ';', '&lt;', '&amp;', '&quot;', '&nope;',
  '&#65;', '&#x41;', '&#0;', '&#xD800;', '&#x10FFFF;', '&#x110000;', '&#x;', '&#;', '"', "'", '=', ' ', '\t', '\n', '\r', '\r\n',
  ' a="b"', " a='b'", ' a:b="c"', ' xmlns="urn:a"', ' xmlns:a="urn:a"', ' xmlns:b="urn:a"', ' xmlns:b=""', ' xmlns=""', ' xmlns:xmlns="u"',
  ' xmlns:xml="http://www.w3.org/XML/1998/namespace"', ' xmlns:q="http://www.w3.org/XML/1998/namespace"', ' xmlns:xml="u"',
  ' xmlns="http://www.w3.org/2000/xmlns/"', ' xml:lang="es"', ' xml:lang=""', ' gml:id="1"', '<!--', '-->', '--', '<![CDATA[', ']]>', ']]', ']', '<!', '<?',
  '?>', '<?p ?>', '<?xml version="1.0"?>', '<?xml?>', '<?xml version="1.1" encoding="latin-1"?>', ' encoding="UTF-16"', ' standalone="no"', '<?a:b?>', '<!DOCTYPE a>',
  ':', 'xmlns', 'xml', '-', '.', '7', '·', '̀', ';', '÷', '×', 'ͯ', '‿', '​', '‌', '⁰', '　', '﷐', '�', '￾', '￿',
  '\u{10000}', '\u{EFFFF}', '\u{F0000}', '\u{10FFFF}', '\0', '\u0001', '\u007f', '\u0085', '\u2028', '\ufeff', 'é', '{', '}', '__proto__',
]; // prettier-ignore

/** Whole pieces, as content or as attributes. */
export const xmlContents: readonly string[] = [
  '<a/>', '<a></a>', '<é xmlns="urn:e"/>', '<q:a xmlns:q="urn:q" q:b="1"/>', '<a xmlns=""><b/></a>', '<!-- c -->', '<!--->', '<?p q?>', '<?p?>',
  '<![CDATA[]]>', '<![CDATA[ <&]] > ]]>', '&amp;', '&#10;', '&#13;', '&#x1F6A8;', 'text', ' ', '\r\n', '\r', ']]', '>', '\u{10000}', '\ufffd', '\u0085',
  ' a="1"', ' b=\'"2"\'', ' xml:lang="es"', ' xml:space = "x"', ' xmlns:n="urn:n"', ' n:a="1"', ' xmlns="urn:d"', ' c=" \t\r\n&#9;&#10; "', ' é="&lt;&gt;"',
  '<b', '</b>', '&', '<', ' a', ' a=', ' a="<"', '<!-- -- -->', '<![CDATA[', '<?xml?>',
]; // prettier-ignore
