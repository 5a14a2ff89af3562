package io.meltemi.proxy.upstream;

/** Why no connection could be leased. */
public enum PoolFailure {
  /** A circuit breaker is at its limit. */
  OVERFLOW,
  /** The host refused, or could not be reached. */
  CONNECT_FAILED,
  /** The host did not answer in time. */
  CONNECT_TIMEOUT
}
