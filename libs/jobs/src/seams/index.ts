export { KNOWN_VERSIONS, type KnownLibrary } from './known-versions.js';
export { assertSeams, differs, type Seam } from './seam.js';
