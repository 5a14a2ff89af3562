/**
 * The configuration of a mesh: the list of resource kinds, wired to parsers, store and file source.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.config;
