export { attribute, child, childrenOf, type XmlElement, type XmlName } from './element.js';
export { DEFAULT_XML_LIMITS, readXml, type XmlError, type XmlErrorCode, type XmlLimits } from './read.js';
export { escapeAttribute, escapeText, serialize } from './write.js';
