import { bad, conflict, type ProblemTable, problem } from './table.ts'

/** What stands in the way of a change that was understood. */
export const recordProblems: ProblemTable = {
  invalid: problem(
    422,
    'Not valid',
    'The input is not what the fields take. `errors` has one entry for each thing that is wrong: a JSON Pointer to it, a code, and what is allowed.',
    'Mend all of them and send it again; nothing was changed.',
  ),
  value: bad('The database cannot take a value of the request.', 'Send a smaller or another value.'),
  version: problem(
    412,
    'Changed meanwhile',
    'Somebody changed the record since you read it, or If-Match is no ETag of it.',
    'Read it again, look at what changed, and repeat your change with the new ETag.',
  ),
  archived: problem(
    [400, 409],
    'Conflict',
    'The record is archived. As a parameter (400): archived is neither only, with nor without.',
    'Restore the record first; or send one of these words.',
  ),
  state: conflict(
    'The record is in a state from which this action does not start.',
    'The detail says which state it needs; /api/describe lists the actions with their states.',
  ),
  unique: conflict(
    'Another record has the same key or another value that must be unique.',
    'Change that record instead, or choose another value.',
  ),
  overlap: conflict('The record overlaps another one that excludes it.', 'Choose another period.'),
  reference: conflict(
    'The record refers to one that is not there, or others refer to it.',
    'Make the other record first, or take the references away.',
  ),
  'user.last_owner': conflict(
    'Nobody else is an owner: without this one, nobody could administer the house.',
    'Make somebody else an owner first.',
  ),
  busy: conflict(
    'Others change the same records at the same moment. Nothing was changed.',
    'Read again and try once more.',
  ),
  'idempotency_key.reused': problem(
    422,
    'Key used before',
    'This Idempotency-Key was used for another request.',
    'Use a new key for a new request. The same key is for the same request again.',
  ),
  'idempotency_key.busy': conflict(
    'The first request with this key is still running.',
    'Try again in a moment; you will get its answer.',
  ),
  'view.broken': conflict(
    'The saved view selects by something that its records no longer have.',
    'Mend the view, as the detail says, or ask the list without it.',
  ),
  'catalog.missing': problem(
    404,
    'No catalog',
    'There is no catalog yet.',
    'Import one, or run the demonstration.',
  ),
  'nuke.unconfirmed': problem(
    400,
    'Not confirmed',
    'The catalog was not put away, because nobody confirmed it.',
    'Say the word that is asked for, or use --yes.',
  ),
}
