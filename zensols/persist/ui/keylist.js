// A list of any number of rows, of which only those in sight exist.  The server is
// asked for pages of rows as they come into sight.
const TALLEST = 8000000; // pixels; browsers can't make elements of any height
const KEPT = 60; // pages

export default {
  template: `
    <div class="keylist" :class="{narrow}">
      <div class="keylist-head" aria-hidden="true" v-show="!narrow">
        <span v-for="c in columns" :class="'cell-' + c">{{ c }}</span>
      </div>
      <div class="keylist-scroll" ref="scroll" tabindex="0" role="listbox"
           :aria-label="label" :aria-activedescendant="active >= 0 ? rowId(active) : null"
           @scroll.passive="look" @keydown="press" @focus="focus">
        <div class="keylist-window" :style="{height: view + 'px'}">
          <div v-for="r in shown" :key="r.index" :id="rowId(r.index)" role="option"
               class="keylist-row" :style="{top: r.top + 'px', height: height + 'px'}"
               :class="{active: r.index === active, opened: r.row && r.row.key === opened}"
               :aria-selected="!!(r.row && r.row.key === opened)"
               :aria-setsize="total" :aria-posinset="r.index + 1"
               @click="choose(r.index)">
            <template v-if="r.row">
              <span class="cell-key" :title="r.row.key">{{ r.row.key }}</span>
              <span v-for="c in columns.slice(1)" :class="'cell-' + c">{{ r.row[c] }}</span>
            </template>
            <span v-else class="keylist-wait" aria-label="loading"></span>
          </div>
        </div>
        <div :style="{height: Math.max(0, tall - view) + 'px'}"></div>
      </div>
    </div>`,
  props: { columns: Array, label: String, page: Number, opened: String },
  data() {
    return { version: 0, total: 0, pages: {}, first: 0, shift: 0, view: 400, active: -1,
             narrow: false };
  },
  computed: {
    height() { return this.narrow ? 58 : 36; },
    tall() { return Math.min(this.total * this.height, TALLEST); },
    inView() { return this.view / this.height; },
    shown() {
      const rows = [];
      const end = Math.min(this.total, this.first + Math.ceil(this.inView) + 1);
      for (let index = this.first; index < end; index++) {
        const page = this.pages[Math.floor(index / this.page)];
        rows.push({ index, row: page && page[index % this.page],
                    top: (index - this.first) * this.height - this.shift });
      }
      return rows;
    },
  },
  mounted() {
    this.observer = new ResizeObserver(() => this.measure());
    this.observer.observe(this.$el);
    this.measure();
  },
  unmounted() {
    this.observer.disconnect();
    clearTimeout(this.timer);
  },
  methods: {
    rowId(index) { return `${this.$el?.id || "keys"}-row-${index}`; },
    measure() {
      if (!this.$refs.scroll) return;
      this.narrow = this.$el.clientWidth < 520;
      this.view = this.$refs.scroll.clientHeight;
      this.$nextTick(this.look);
    },
    look() {
      const scroll = this.$refs.scroll;
      if (!scroll) return;
      const most = this.tall - this.view;
      const part = most > 0 ? Math.min(1, scroll.scrollTop / most) : 0;
      const place = part * Math.max(0, this.total - this.inView);
      this.first = Math.floor(place);
      this.shift = (place - this.first) * this.height;
      clearTimeout(this.timer);
      this.timer = setTimeout(this.want, 40);
    },
    want() {
      const last = Math.min(this.total - 1, this.first + Math.ceil(this.inView) + 1);
      for (let n = Math.floor(this.first / this.page); n * this.page <= last; n++) {
        if (this.pages[n] === undefined) {
          this.pages[n] = null; // asked for
          this.$emit("want", { version: this.version, page: n });
        }
      }
      const kept = Object.keys(this.pages).map(Number);
      if (kept.length > KEPT) {
        const here = this.first / this.page;
        kept.sort((a, b) => Math.abs(b - here) - Math.abs(a - here));
        kept.slice(0, kept.length - KEPT).forEach((n) => delete this.pages[n]);
      }
    },
    start(version, total, keep) {
      this.version = version;
      this.total = total;
      this.pages = {};
      if (!keep) {
        this.active = -1;
        this.$refs.scroll.scrollTop = 0;
      }
      this.active = Math.min(this.active, total - 1);
      this.$nextTick(this.look);
    },
    grow(version, total) {
      if (version !== this.version) return;
      this.total = total;
      this.$nextTick(this.look);
    },
    fill(version, page, rows) {
      if (version !== this.version) return;
      this.pages[page] = rows;
    },
    focus() {
      if (this.active < 0 && this.total) this.active = this.first;
    },
    press(e) {
      const page = Math.max(1, Math.floor(this.inView) - 1);
      const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page,
                     Home: -this.total, End: this.total }[e.key];
      if (step !== undefined) {
        this.go(Math.max(0, Math.min(this.total - 1, this.active + step)));
      } else if (e.key === "Enter" || e.key === " ") {
        this.choose(this.active);
      } else return;
      e.preventDefault();
    },
    go(index) {
      if (this.total === 0) return;
      this.active = index;
      const whole = Math.max(0, this.total - this.inView);
      const place = this.first + this.shift / this.height;
      const to = index < place ? index : Math.max(place, index + 1 - this.inView);
      const most = this.tall - this.view;
      if (to !== place && whole > 0) this.$refs.scroll.scrollTop = (to / whole) * most;
    },
    choose(index) {
      const row = index >= 0 && this.pages[Math.floor(index / this.page)]?.[index % this.page];
      if (!row) return;
      this.active = index;
      this.$emit("choose", { key: row.key });
    },
  },
};
