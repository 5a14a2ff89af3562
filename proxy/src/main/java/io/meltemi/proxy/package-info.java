/** placeholder. */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy;
