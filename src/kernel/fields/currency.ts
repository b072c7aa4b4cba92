/** Currency codes in use (ISO 4217, list one, funds and metals left out). */
const CODES = new Set(
  `AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY
  COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR
  IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR
  MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD
  SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD
  XCG XOF XPF YER ZAR ZMW ZWG`.split(/\s+/),
)

/** Currencies whose minor unit is not a hundredth. */
const DIGITS: Record<string, number> = {
  ...Object.fromEntries(
    'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'.split(' ').map((c) => [c, 0]),
  ),
  ...Object.fromEntries('BHD IQD JOD KWD LYD OMR TND'.split(' ').map((c) => [c, 3])),
}

/** True for a currency code of ISO 4217. */
export function isCurrency(code: string): boolean {
  return CODES.has(code)
}

/** Decimal digits of the currency's minor unit: AED 2, JPY 0, KWD 3. */
export function currencyDigits(code: string): number {
  return DIGITS[code] ?? 2
}

/** Codes that differ from `code` in one letter, for a suggestion. */
export function similarCurrency(code: string): string | undefined {
  return [...CODES].find((known) => known.length === code.length && differences(known, code) === 1)
}

function differences(left: string, right: string): number {
  return [...left].filter((letter, index) => letter !== right[index]).length
}
