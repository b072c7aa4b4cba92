/** Longest expression, in characters. */
export const EXPRESSION_CHARACTERS_MAX = 4_096
/** Brackets inside brackets, before anything is parsed. */
export const BRACKETS_DEPTH_MAX = 32
/** Parts of an expression (values, fields, operators), and how deep they may lie inside one another. */
export const EXPRESSION_PARTS_MAX = 1_000
export const EXPRESSION_DEPTH_MAX = 200
/** Values written out in one list. */
export const LIST_VALUES_MAX = 200
/** Loops (`all`, `exists`, `filter`, …) inside loops. */
export const LOOPS_DEPTH_MAX = 2
/** Longest regular expression, in characters. */
export const PATTERN_CHARACTERS_MAX = 500
/** Work of one evaluation: a step is a part evaluated in a loop, a list item looked at, or a piece of text. */
export const EVALUATION_STEPS_MAX = 100_000
/** Characters of text that cost one step, and the same for regular expressions, which work harder. */
export const STEP_CHARACTERS = 256
export const STEP_PATTERN_CHARACTERS = 16
