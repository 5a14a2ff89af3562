/**
 * The resources in force, thread-safe: snapshots, batches of changes, last good versions, current
 * problems.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.store;
