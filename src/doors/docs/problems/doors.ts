import { bad, conflict, type ProblemTable, problem } from './table.ts'

/** Of the other doors, and of what reaches over time and place. */
export const doorProblems: ProblemTable = {
  accept: bad(
    'Live messages come as an event stream, or over a WebSocket.',
    'Send Accept: text/event-stream.',
  ),
  as_of: bad(
    'The time cannot be read, is still to come, or what is asked keeps no history.',
    'Write a time that has passed: 2026-01-31T09:30:00Z.',
  ),
  until: bad(
    'The time cannot be read, is still to come, or stands before as_of.',
    'Write a time that has passed: 2026-01-31T09:30:00Z.',
  ),
  redo: conflict('The change is not undone.', 'Look at its undone_by; there is nothing to redo.'),
  'feed.gone': problem(
    410,
    'Gone',
    'The log does not reach back to that message, or a backup was restored since.',
    'Subscribe anew without after, with a snapshot.',
  ),
  'feed.size': bad(
    'Too many records for a snapshot.',
    'Narrow the filter, or read them page by page and subscribe without a snapshot.',
  ),
  'feed.slow': problem(
    503,
    'Too slow',
    'You did not keep up with what happens.',
    'Subscribe again after the last message that you received.',
  ),
  'live.full': problem(
    503,
    'Too many streams',
    'This process has as many streams as it may.',
    'Try again later.',
  ),
  'live.id': bad('There is a subscription with this id on the socket.', 'Give each its own id.'),
  'live.streams': problem(
    429,
    'Too many streams',
    'You have as many open streams as one may.',
    'Close some first.',
  ),
  'live.subscriptions': bad('A socket carries no more subscriptions.', 'Open another socket.'),
  subscriptions: problem(
    429,
    'Too many subscriptions',
    'You have as many open subscriptions as one may.',
    'Close those that are not needed.',
  ),
  first: bad('first is no size of a page.', 'Write a whole number from 1 to 500.'),
  if_version: bad('if_version is for a change of one record.', 'Leave it out here.'),
  'graphql.bytes': bad('The document is too long.', 'Send values as variables.'),
  'graphql.tokens': bad('The document has too many words.', 'Send values as variables, or split it.'),
  'graphql.depth': bad('The document is nested too deeply.', 'Ask in several documents.'),
  'graphql.aliases': bad('The document has too many aliases.', 'Ask in several documents.'),
  'graphql.directives': bad('The document has too many directives.', 'Leave some out.'),
  'graphql.root_fields': bad('The document asks for too many things at once.', 'Ask in several documents.'),
  'graphql.cost': bad('The answer could be too large.', 'Ask for smaller pages, or for less in each.'),
  'graphql.invalid': bad('The document does not fit the schema.', 'The message says where.'),
  'graphql.operation': bad(
    'It is not clear which operation is meant.',
    'Name it in operationName; GET takes queries only.',
  ),
  'graphql.overlap': bad('The document repeats the same fields too often.', 'Ask for each once.'),
  'graphql.request': bad(
    'The request is none of GraphQL over HTTP.',
    'Send a JSON object with query and variables.',
  ),
  'graphql.syntax': bad('The document cannot be read.', 'The message says where.'),
  'promotion.release': conflict(
    'The other home is of another release.',
    'Run "serai migrate up" there first.',
  ),
  'promotion.unconfirmed': bad(
    'The promotion was not confirmed; nothing was changed.',
    'Type the word, or say --yes.',
  ),
  'promotion.refused': problem(
    [400, 401, 403, 404, 409, 422, 500, 503],
    'Refused by the target',
    'The other side refused; the detail says what it said.',
    'Do what the detail says, then promote again.',
  ),
  serai_reason: bad('A document may hold several changes.', 'Give each its reason as an argument.'),
  'source.folder': problem(
    422,
    'Folder not usable',
    'The place is no folder that may be read.',
    'Look at the path, and at SERAI_IMPORT_FOLDERS.',
  ),
  'source.missing': problem(
    422,
    'Folder not usable',
    'The folder is not there.',
    'Make it, or change the location of the source.',
  ),
  'source.busy': conflict(
    'The source is running already.',
    'Wait until it is done; "serai sources" shows it.',
  ),
  'source.entries': problem(
    422,
    'Folder too full',
    'The folder holds too many entries.',
    'Move old files away.',
  ),
}
