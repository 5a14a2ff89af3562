/** Where resources come from: a directory of YAML, followed live on one virtual thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.source;
