/**
 * What is to be done after each test, and after each file: files that share the modules of a
 * process share what a module has opened, and a hook that a module registers would count for the
 * first file alone.
 */
export const afterEachTest: (() => Promise<void>)[] = [];
export const afterEachFile: (() => Promise<void>)[] = [];
