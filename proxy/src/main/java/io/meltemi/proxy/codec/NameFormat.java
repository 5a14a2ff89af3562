package io.meltemi.proxy.codec;

/**
 * How HTTP/1 writes names of fields. What a message remembers of its names goes before what the
 * connection says that it leaves by.
 */
public enum NameFormat {
  LOWER_CASE,

  /** Messages written by this connection have a capital behind each hyphen. */
  PROPER_CASE,

  /** Messages read by this connection are written elsewhere as they came. */
  PRESERVED,

  /** As {@link #PRESERVED}, and names that were added meanwhile are in proper case. */
  PRESERVED_ELSE_PROPER;

  boolean isPreserving() {
    return this == PRESERVED || this == PRESERVED_ELSE_PROPER;
  }
}
