/**
 * YAML and JSON text to a small tree that knows where every field stands, and typed readers over it
 * that collect every error. A tree is immutable; readers belong to one thread.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.yaml;
