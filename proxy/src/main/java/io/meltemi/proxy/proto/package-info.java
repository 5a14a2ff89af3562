/**
 * Reading protos so that nothing set is dropped in silence. Below every other room; configuration
 * threads only.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.proto;
