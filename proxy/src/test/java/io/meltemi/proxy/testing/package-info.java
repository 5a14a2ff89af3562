/** What tests of the proxy and of its users share. */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.testing;
