/* For tests and the fuzzer: a reader of others to compare with, and documents to compare by. */
export {
  bombs,
  doctypes,
  encodings,
  illFormed,
  wellFormed,
  type CorpusCase,
  type Verdict,
} from './hostile-corpus.js';
export { readXmlBySaxes } from './saxes-reader.js';
