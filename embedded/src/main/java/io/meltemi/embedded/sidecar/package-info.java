/**
 * The proxies of the pods: what each is told, and the seam to whoever runs them. A fleet may be
 * called from one thread at a time; it calls back on any.
 */
@NullMarked
package io.meltemi.embedded.sidecar;

import org.jspecify.annotations.NullMarked;
