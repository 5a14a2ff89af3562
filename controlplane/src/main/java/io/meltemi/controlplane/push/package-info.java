/**
 * The world as one push sees it, the proxies that ask for it, and what each of them may see. The
 * world is built by the push thread and immutable afterwards; anything may read it.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.push;
