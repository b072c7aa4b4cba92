/** The doors know no store; what they start under a trace, they start by this. */
export { withTrace } from '../store/trace.ts'
