/**
 * Names a job: its handle, its queue and id, or its id alone (then the known queues are searched).
 * @publicApi
 */
export type JobRef = { readonly queue: string; readonly id: string } | string;
