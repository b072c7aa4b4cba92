import { boolean } from './boolean.ts'
import { choice } from './choice.ts'
import { date } from './date.ts'
import { file } from './file.ts'
import { json } from './json.ts'
import { list } from './list.ts'
import { money } from './money.ts'
import { number } from './number.ts'
import { period } from './period.ts'
import { ref } from './ref.ts'
import { secret } from './secret.ts'
import { text } from './text.ts'
import { time } from './time.ts'

/** The kinds of field, one file each. */
export const f = { boolean, choice, date, file, json, list, money, number, period, ref, secret, text, time }
