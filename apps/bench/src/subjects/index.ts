import type { Subject, SubjectName } from './subject.js';

export { QUEUE, WORKER_OPTIONS } from './job-settings.js';
export type { OpenSubject, Subject, SubjectName, SubjectSetup } from './subject.js';

/** Loads one subject, and nothing of the other: each is measured in a process of its own. */
export async function loadSubject(name: SubjectName): Promise<Subject> {
  if (name === 'jobs') return (await import('./jobs.subject.js')).jobsSubject;
  return (await import('./bullmq.subject.js')).bullmqSubject;
}
