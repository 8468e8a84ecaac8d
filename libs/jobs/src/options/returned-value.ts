import type { Observable } from 'rxjs';

/**
 * The result of a job whose handler returns `R`: of a promise what it resolves to, of an Observable
 * its last value.
 * @publicApi
 */
export type ReturnedValue<R> = Awaited<R> extends Observable<infer T> ? T : Awaited<R>;
