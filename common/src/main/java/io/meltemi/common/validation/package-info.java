/**
 * The one result type of parsers and validators, and where a value came from. Immutable; any
 * thread.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.common.validation;
