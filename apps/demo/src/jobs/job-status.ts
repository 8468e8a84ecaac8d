/** What a client is told of a job. */
export interface JobStatus {
  queue: string;
  id: string;
  name: string;
  /** `waiting`, `prioritized`, `delayed`, `active`, `waiting-children`, `completed` or `failed`. */
  state: string;
  /** What the handler reported last; undefined before. */
  progress: unknown;
  /** How many attempts have been made, the running one included. */
  attempts: number;
  /** What the handler returned, once the job is completed. */
  result?: unknown;
  /** Why the last attempt failed. */
  failure?: string | undefined;
  /** When the last attempt started, ISO 8601. */
  startedAt?: string | undefined;
  /** What the handler logged with `JobContext.log()`. */
  log: string[];
}
