/** Tests of the room. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.source;
