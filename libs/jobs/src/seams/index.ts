export { KNOWN_VERSIONS, type KnownLibrary } from './known-versions.js';
export { assertSeams, differs, otherParameters, type Seam } from './seam.js';
