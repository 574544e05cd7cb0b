import { reasonOf } from "../api/reasons.ts"
import { type DestinationStream, type Logger, pino } from "pino"

export type Log = Logger
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error"

/**
 * The log of a process: one JSON object per line on standard output, time in ISO 8601, level by name. Errors go in as
 * `err`: name, code, message, the messages of their causes, a stack when nobody foresaw it, and nothing else that may
 * hang on them. Bytes are never printed; a secret belongs into a Sensitive.
 */
export function createLog(level: LogLevel, fields: Record<string, string> = {}, to?: DestinationStream): Log {
  const options = {
    level,
    base: fields,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }), log: withoutBytes },
    serializers: { err: describeError },
  }
  return to ? pino(options, to) : pino(options)
}

interface DescribedError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly status?: number
  readonly stack?: string
  readonly causes?: string[]
}

function describeError(error: unknown): DescribedError {
  if (!(error instanceof Error)) return { name: typeof error, message: String(error) }
  const { code, status } = error as { code?: unknown; status?: unknown }
  const causes = causesOf(error)
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === "string" && { code }),
    ...(typeof status === "number" && { status }),
    ...(error.stack !== undefined && reasonOf(error) === "Internal" && { stack: error.stack }),
    ...(causes.length > 0 && { causes }),
  }
}

function causesOf(error: Error): string[] {
  const messages: string[] = []
  // a chain of causes may be a ring
  for (let cause = error.cause; cause instanceof Error && messages.length < 5; cause = cause.cause) {
    messages.push(cause.message)
  }
  return messages
}

function withoutBytes(fields: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(fields)
  if (!entries.some(([, value]) => ArrayBuffer.isView(value))) return fields
  return Object.fromEntries(
    entries.map(([name, value]) => [name, ArrayBuffer.isView(value) ? `[${value.byteLength} bytes]` : value]),
  )
}
