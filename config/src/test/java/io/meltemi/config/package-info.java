/** Tests of the whole module over the shared corpus. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config;
