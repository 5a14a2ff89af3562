/**
 * What every configuration resource has, whatever its kind: name, metadata, origin. Immutable; any
 * thread.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.resource;
