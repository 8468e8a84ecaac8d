export {
  copyOfArguments,
  deserializeArguments,
  serializeArguments,
} from './argument-serializer.js';
export { fingerprintOf } from './fingerprint.js';
export { toStorableResult, type StorableResult } from './result-serializer.js';
export { validateArguments, type ArgumentSchemas } from './schema-validation.js';
export { isStorableText, toStorableText } from './storable-text.js';
export { payloadFault, type StoredPayload } from './stored-payload.js';
export { restoreValue, storeValue } from './value-serializer.js';
