/** What the tests of HTTP filters share. */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter;
