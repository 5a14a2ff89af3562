/** What both sides of the protocol carry: types, and resources in encoded form. Any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.xds.resource;
