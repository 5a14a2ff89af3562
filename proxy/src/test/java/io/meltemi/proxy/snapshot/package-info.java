@NullMarked
package io.meltemi.proxy.snapshot;

import org.jspecify.annotations.NullMarked;
