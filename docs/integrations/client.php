<?php

declare(strict_types=1);

/**
 * What the panel refused, or that it did not answer. The message is for the log of the billing system.
 */
class PanelError extends RuntimeException
{
    /**
     * @param string      $reason the panel's code (docs/http-api.md), or NO_ANSWER
     * @param string|null $order  the order that stands in the way
     */
    public function __construct(string $message, public readonly string $reason, public readonly ?string $order = null)
    {
        parent::__construct($message);
    }

    /** Whether the same call may do better a little later; it is safe, as each order has a name. */
    public function passes(): bool
    {
        return in_array($this->reason, ['NO_ANSWER', 'UNAVAILABLE', 'NOT_READY', 'DRAINING', 'LOCKED'], true);
    }
}

/**
 * The panel, as a billing system needs it: whatever it orders, it orders under a name of its own making,
 * so that a repeated click, a lost answer or a restart never makes a second order.
 */
class Panel
{
    private const TRIES = 3;

    /**
     * @param string $url      such as https://panel.example:8480
     * @param string $name     of this billing system: its orders and customers begin with it
     * @param string $language of what it says: en or ru
     * @param bool   $clicked  each call is a person's, who wants what has failed tried again; without it,
     *                         only what a person has changed meanwhile is
     */
    public function __construct(
        private readonly string $url,
        private readonly string $token,
        private readonly string $name,
        private readonly string $language = 'en',
        private readonly bool $clicked = true,
    ) {
    }

    public function get(string $path, array $query = []): array
    {
        return $this->call('GET', $path . ($query ? '?' . http_build_query($query) : ''), null);
    }

    public function post(string $path, array $body = []): array
    {
        return $this->call('POST', $path, json_encode($body ?: new stdClass(), JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE));
    }

    /** What GET answers with, or null where there is no such thing. */
    public function find(string $path): ?array
    {
        try {
            return $this->get($path);
        } catch (PanelError $e) {
            return $e->reason === 'NOT_FOUND' ? null : throw $e;
        }
    }

    /** A domain as the panel knows it, or null. */
    public function domain(string $name): ?array
    {
        return $this->find('/domains/' . rawurlencode($name));
    }

    /** The newest order of one item (a domain of the billing system) of a kind, or null. */
    public function newest(string $item, string $kind): ?array
    {
        return $this->get('/orders', ['reference' => "$this->name-$item", 'kind' => $kind, 'sort' => '-created', 'limit' => 1])[0] ?? null;
    }

    /** The ID of an order, from the item and what is wanted of it. */
    public function id(string $item, string $wish): string
    {
        return "$this->name-$item-$wish";
    }

    /**
     * Orders something and pays for it. Item and wish name it: the same again is the same order, as it stands by
     * now. An order that was withdrawn or given up is followed by another, with a number behind its name; one that
     * has failed is tried again, for the same payment, with what is said now.
     */
    public function order(string $item, string $wish, array $asked): array
    {
        $asked['reference'] = "$this->name-$item";
        for ($number = 1; ; $number++) {
            $id = $this->id($item, $wish) . ($number > 1 ? "-$number" : '');
            [$order, $same] = $this->place($id, $asked);
            if ($order['outcome'] === 'failed' && $order['state'] === 'paid') {
                if ($same && !$this->clicked) {
                    throw new PanelError("order $id has failed: {$order['reason']}; mend what it says, or: panel order retry $id", 'FAILED', $id);
                }
                return $this->retry($order, $asked);
            }
            if (!$same && $order['state'] === 'unpaid') {
                $this->post("/orders/$id/cancel"); // what was lost on the way was never paid
                continue;
            }
            if ($order['state'] === 'cancelled' || $order['outcome'] === 'cancelled' || $this->isPast($order)) {
                continue;
            }
            if (!$same && $order['outcome'] === null) {
                throw new PanelError("order $id is under way as it was given first; change it when it has ended", 'PRECONDITION', $id);
            }
            return $order['state'] === 'unpaid' ? $this->post("/orders/$id/pay") : $order;
        }
    }

    /** Places an order, or finds it; and whether it says what is asked now. */
    private function place(string $id, array $asked): array
    {
        try {
            return [$this->post('/orders', ['id' => $id] + $asked), true];
        } catch (PanelError $e) {
            if ($e->order !== $id) {
                throw $e;
            }
            return [$this->get("/orders/$id"), false];
        }
    }

    private function retry(array $order, array $asked): array
    {
        $changed = array_intersect_key($asked, ['contact' => 1, 'nameservers' => 1, 'auth_code' => 1]);
        return $this->post("/orders/{$order['id']}/retry", ['by' => $this->name, 'attempt' => $order['attempt']] + $changed);
    }

    /** Whether a domain was had by this order, and is not ours any more: then it can be had anew. */
    private function isPast(array $order): bool
    {
        if ($order['outcome'] !== 'succeeded' || !in_array($order['kind'], ['register', 'transfer'], true)) {
            return false;
        }
        $domain = $this->domain($order['domain']);
        return $domain === null || in_array($domain['status'], ['Deleted', 'TransferredAway'], true);
    }

    /**
     * Orders a change of nameservers or contact. It has no number in a billing system, so it is named by what it
     * says and by the change before it: saving the same twice is one order, and what was changed can be changed back.
     */
    public function update(string $item, array $asked): array
    {
        $says = substr(hash('sha256', json_encode($asked, JSON_THROW_ON_ERROR)), 0, 12);
        $before = $this->newest($item, 'update');
        $again = $before !== null && str_contains($before['id'], "-update-$says");
        if ($again && $before['state'] !== 'cancelled' && $before['outcome'] !== 'failed') {
            return $before['state'] === 'unpaid' ? $this->post("/orders/{$before['id']}/pay") : $before;
        }
        $after = substr(hash('sha256', $before['id'] ?? ''), 0, 8);
        return $this->order($item, "update-$says-$after", ['kind' => 'update'] + $asked);
    }

    /**
     * Orders what has no number in a billing system and no contents of its own: the last such order as it stands,
     * until it has succeeded, and then another one.
     */
    private function another(string $item, string $kind, string $domain): array
    {
        $last = $this->newest($item, $kind);
        $wish = $last === null || $last['outcome'] === 'succeeded'
            ? $kind . '-' . substr(hash('sha256', $last['id'] ?? ''), 0, 8)
            : substr($last['id'], strlen($this->id($item, '')));
        return $this->order($item, $wish, ['kind' => $kind, 'domain' => $domain]);
    }

    /** Orders that a domain is locked against transfers, or not any more; nothing where it is so already. */
    public function lock(string $item, array $domain, bool $locked): void
    {
        if ($domain['locked'] !== $locked) {
            $this->another($item, $locked ? 'lock' : 'unlock', $domain['name']);
        }
    }

    /**
     * The code with which a domain leaves for another registrar, or null as long as ours has not given it out. It is ordered
     * when it is asked for first, and again when the last one was erased. Each look is recorded.
     */
    public function code(string $item, string $domain): ?string
    {
        $last = $this->newest($item, 'auth-code');
        if ($last !== null && $last['outcome'] === 'succeeded') {
            try {
                return $this->post("/orders/{$last['id']}/secret", ['by' => $this->name])['code'];
            } catch (PanelError $e) {
                if (!in_array($e->reason, ['NOT_FOUND', 'PRECONDITION'], true)) {
                    throw $e;
                }
            }
        }
        $this->another($item, 'auth-code', $domain);
        return null;
    }

    /** Whether the registrar of a TLD sells orders of a kind. */
    public function sells(string $tld, string $kind): bool
    {
        try {
            $this->get('/form/' . rawurlencode($tld), ['kind' => $kind, 'registrant' => 'person']);
            return true;
        } catch (PanelError $e) {
            return $e->reason === 'INVALID' ? false : throw $e;
        }
    }

    /**
     * Picks from what the billing system knows of a registrant what the form of this TLD asks for, so that
     * registrars with other questions need no other module. $known has the keys of the form, name and name_latin among them.
     */
    public function contact(string $tld, string $orderKind, string $registrant, array $known): array
    {
        $form = $this->get('/form/' . rawurlencode($tld), ['kind' => $orderKind, 'registrant' => $registrant]);
        $keys = array_column($form['fields'], 'key');
        if (!in_array('name_latin', $keys, true)) {
            $known['name'] = $known['name'] ?: $known['name_latin'];
        } elseif (preg_match('/^[\x20-\x7e]*$/', $known['name'])) { // a name in Latin letters is no native one, and the other way round
            $known['name'] = '';
        } elseif (preg_match('/[^\x20-\x7e]/', $known['name_latin'])) {
            $known['name_latin'] = '';
        }
        $known = array_filter($known, static fn ($value) => $value !== '' && $value !== [] && $value !== null);
        return ['kind' => $registrant] + array_intersect_key($known, array_flip($keys));
    }

    /** The contact of a domain as it was given, by the orders that have come about. Each look is recorded. */
    public function givenContact(string $domain): array
    {
        $contact = [];
        foreach ($this->get('/orders', ['domain' => $domain, 'outcome' => 'succeeded']) as $order) {
            if ($order['kind'] === 'renew') {
                continue;
            }
            try {
                $contact = $this->post("/orders/{$order['id']}/contact", ['by' => $this->name]) + $contact;
            } catch (PanelError $e) {
                if ($e->reason !== 'PRECONDITION') { // which says that it has none: nameservers alone were changed
                    throw $e;
                }
            }
        }
        return $contact;
    }

    private function call(string $method, string $path, ?string $body): array
    {
        for ($try = 1; ; $try++) {
            try {
                return $this->once($method, $path, $body);
            } catch (PanelError $e) {
                if ($try === self::TRIES || !$e->passes()) {
                    throw $e;
                }
                usleep(200_000 * $try);
            }
        }
    }

    private function once(string $method, string $path, ?string $body): array
    {
        $c = curl_init(rtrim($this->url, '/') . '/api/v1' . $path);
        curl_setopt_array($c, [
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_CONNECTTIMEOUT => 5,
            CURLOPT_TIMEOUT => 60,
            CURLOPT_HTTPHEADER => ["Authorization: Bearer $this->token", 'Content-Type: application/json'],
        ]);
        if ($body !== null) {
            curl_setopt($c, CURLOPT_POSTFIELDS, $body);
        }
        $text = curl_exec($c);
        $answer = is_string($text) ? json_decode($text, true) : null;
        if (!is_array($answer)) {
            $why = curl_error($c) ?: 'status ' . curl_getinfo($c, CURLINFO_RESPONSE_CODE);
            throw new PanelError("the panel did not answer ($why), and may have heard; repeat it: it is known by its name, and is done once", 'NO_ANSWER');
        }
        if (curl_getinfo($c, CURLINFO_RESPONSE_CODE) >= 400) {
            throw new PanelError($this->words($answer['error']), $answer['error']['code'], $answer['error']['order'] ?? null);
        }
        return $answer;
    }

    /** What the panel refused, in one line: each mistake with its place. */
    private function words(array $error): string
    {
        $mistakes = array_map(fn ($p) => $p['path'] . ': ' . ($p['texts'][$this->language] ?? $p['message']), $error['problems'] ?? []);
        return isset($error['order']) || !$mistakes ? $error['message'] : implode('; ', $mistakes);
    }
}
