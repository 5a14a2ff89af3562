/** Addresses, ranges and host names. Immutable; any thread; nothing here resolves a name. */
@org.jspecify.annotations.NullMarked
package io.meltemi.common.net;
