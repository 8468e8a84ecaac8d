import type { HubDraft } from '../hubs/index.js';
import { hubIdOf, type Links } from './link-book.js';

/** The kind of hubs that carry out links. @internal */
export const LINK_HUB = 'continuations';

/** What a hub of links is stored with. @internal */
export interface LinkHubData {
  readonly queue: string;
  readonly id: string;
  readonly generation: string;
}

/** The hub of a job's links. @internal */
export function hubOf(links: Links): HubDraft {
  const { antecedent, generation } = links;
  const data: LinkHubData = { queue: antecedent.queue, id: antecedent.id, generation };
  return { kind: LINK_HUB, id: hubIdOf(links), data };
}
