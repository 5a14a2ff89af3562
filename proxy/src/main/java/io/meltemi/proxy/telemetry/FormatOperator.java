package io.meltemi.proxy.telemetry;

/** One part of a format. Any thread. */
interface FormatOperator {
  /** Writes the value; false, with nothing written, when there is none. */
  boolean write(StreamInfo info, FormatOutput out);

  default boolean isConstant() {
    return false;
  }

  default boolean isNumber() {
    return false;
  }
}
