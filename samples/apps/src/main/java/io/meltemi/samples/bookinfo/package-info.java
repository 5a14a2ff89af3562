/**
 * The bookinfo sample: productpage, details, reviews, ratings and a TCP echo, in one jar without
 * dependencies. Each request runs on its own virtual thread. Paths and JSON shapes follow Istio's
 * <a href="https://istio.io/latest/docs/examples/bookinfo/">Bookinfo</a>, so that its guides can be
 * followed.
 */
@NullMarked
package io.meltemi.samples.bookinfo;

import org.jspecify.annotations.NullMarked;
